package integration

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/voilet/QuicFlow/internal/httpapi"
	"github.com/voilet/QuicFlow/pkg/protocol"
	"github.com/voilet/QuicFlow/pkg/transport/client"
)

// TestPrometheus has a Prometheus watch a hub at work, and then see its end.
func TestPrometheus(t *testing.T) {
	t.Parallel()
	need(t, "prometheus")
	h := startHub(t, "-heartbeat-check-interval", "100ms")
	stop := h.work()
	target := h.Addr("monitoring listening")
	p := startPrometheus(t, target)
	eventually(t, "there are two scrapes", func() bool {
		v := p.eval(`count_over_time(up{job="quic-backbone"}[1m])`)
		return len(v) == 1 && v[0].value >= 2
	})
	p.checkSpecification()
	p.checkDashboard(target)
	p.checkRules()
	stop()
	h.Stop()
	p.checkHubDown(target)
}

// work makes clients exchange messages with the hub until stop is called.
func (h *hub) work() (stop func()) {
	h.t.Helper()
	h.agent("agent")
	sender := h.library("sender")
	ctx, cancel := context.WithCancel(h.t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		for pace := time.NewTicker(20 * time.Millisecond); ctx.Err() == nil; <-pace.C {
			h.exchange(sender)
		}
	})
	stop = func() { cancel(); wg.Wait() }
	h.t.Cleanup(stop)
	return stop
}

// exchange sends a broadcast, a message to the agent and one to the hub.
func (h *hub) exchange(sender *client.Client) {
	var reply httpapi.BroadcastReply
	h.call(http.MethodPost, "/api/broadcast", `{"payload":"tick"}`, &reply)
	if !reply.Success || !h.ask("agent", "how are you?").Success {
		h.t.Error("the hub could not send")
	}
	msg := &protocol.DataMessage{Type: protocol.MessageType_MESSAGE_TYPE_COMMAND, Payload: []byte("hello")}
	if _, err := sender.SendMessage(h.t.Context(), msg, true, patience); err != nil {
		h.t.Error(err)
	}
}

// checkSpecification asks for what the specification promises.
func (p *prometheus) checkSpecification() {
	p.t.Helper()
	for expr, least := range map[string]float64{
		`quic_backbone_connected_clients`:               2,
		`rate(quic_backbone_messages_sent_total[1m])`:   0.001,
		`quic_backbone_latency_p99_milliseconds`:        0.001,
		`rate(quic_backbone_encoding_errors_total[1m])`: 0,
	} {
		if got := p.number(expr); got.value < least {
			p.t.Errorf("%s is %v, want at least %v", expr, got.value, least)
		}
	}
}

// checkRules sees that the shipped alerts are there and can be evaluated.
func (p *prometheus) checkRules() {
	p.t.Helper()
	var names []string
	eventually(p.t, "all rules have been evaluated", func() bool {
		var data struct {
			Groups []struct {
				Rules []struct{ Name, Health, LastError string }
			}
		}
		p.ask("rules", nil, &data)
		names = nil
		for _, group := range data.Groups {
			for _, rule := range group.Rules {
				switch rule.Health {
				case "ok":
					names = append(names, rule.Name)
				case "unknown": // not yet
					return false
				default:
					p.t.Fatalf("%s cannot be evaluated: %s", rule.Name, rule.LastError)
				}
			}
		}
		return true
	})
	var want []string
	for _, a := range readAlerts(p.t) {
		want = append(want, a.Alert)
	}
	slices.Sort(names)
	slices.Sort(want)
	if !slices.Equal(names, want) {
		p.t.Errorf("the alerts %q are loaded, want %q", names, want)
	}
}

// checkHubDown waits for the alert about a hub that was stopped, and sees that the
// dashboard says so.
func (p *prometheus) checkHubDown(target string) {
	p.t.Helper()
	firing := p.number(`ALERTS{alertname="QuicBackboneHubDown", alertstate="firing", severity="critical"}`)
	if got := firing.labels["instance"]; got != target {
		p.t.Errorf("it is about %s, want %s", got, target)
	}
	for _, title := range []string{"Hubs down", "Alerts firing"} {
		if expr := p.shown(title, target); p.number(expr).value < 1 {
			p.t.Errorf("%q shows that nothing is wrong", title)
		}
	}
}
