package monitoring_test

import (
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/voilet/QuicFlow/internal/golden"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/monitoring"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// gather returns the metrics of a registry by name.
func gather(t interface{ Fatal(...any) }, g prometheus.Gatherer) map[string]*dto.MetricFamily {
	families, err := g.Gather()
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]*dto.MetricFamily{}
	for _, f := range families {
		byName[f.GetName()] = f
	}
	return byName
}

// busy returns metrics with something in most of them.
func busy() *monitoring.Metrics {
	m := monitoring.NewMetrics(func() monitoring.State {
		return monitoring.State{
			ConnectedClients: 3, MaxClients: 10_000, Traffic: monitoring.Traffic{MessagesSent: 120},
			Promises:           monitoring.Promises{Active: 1, Max: 50_000, Created: 9, Completed: 4, TimedOut: 2, Canceled: 1, Lost: 1, Rejected: 5},
			DispatcherCapacity: 1000, DispatcherWorkers: 10, DispatcherBusy: 2, OutgoingBytes: 4096, OutgoingFullest: 0.25,
			CertificateExpires: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC),
		}
	})
	time.Sleep(time.Minute)
	m.Disconnected.Add(qerrors.Closed, 1) // not one of the usual reasons
	m.HandlerFailures.Add(qerrors.HandlerPanic, 2)
	m.Handling.Observe(3, monitoring.Answer{Type: protocol.MessageType_MESSAGE_TYPE_COMMAND, Status: protocol.AckStatus_ACK_STATUS_SUCCESS}, 0)
	for i := range 100 {
		m.RoundTrips.Observe(0, protocol.MessageType_MESSAGE_TYPE_COMMAND, time.Duration(i+1)*time.Millisecond)
	}
	return m
}

// TestText is what an operator sees: the names, labels and help of all metrics.
func TestText(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := monitoring.NewHandler(monitoring.HandlerOptions{Metrics: monitoring.NewRegistry(busy())})
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
		golden.Compare(t, "testdata/metrics.golden", w.Body.String())
	})
}

// Two registries of the same metrics, and one within another, do not get in each
// other's way.
func TestRegistries(t *testing.T) {
	m := monitoring.NewMetrics(nil)
	m.Reconnects.Add(5)
	outer := prometheus.NewRegistry()
	if err := prometheus.WrapRegistererWith(prometheus.Labels{"site": "a"}, outer).Register(monitoring.NewRegistry(m)); err != nil {
		t.Fatal(err)
	}
	for _, g := range []prometheus.Gatherer{monitoring.NewRegistry(m), outer} {
		if got := gather(t, g)["quic_backbone_reconnects_total"].GetMetric()[0].Counter.GetValue(); got != 5 {
			t.Errorf("%v reconnects, want 5", got)
		}
	}
}
