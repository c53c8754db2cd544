package monitoring_test

import (
	"errors"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/voilet/QuicFlow/pkg/monitoring"
)

func TestFormats(t *testing.T) {
	h := monitoring.NewHandler(monitoring.HandlerOptions{Metrics: monitoring.NewRegistry(monitoring.NewMetrics(nil))})
	for _, test := range []struct{ accept, want string }{
		{"", "text/plain; version=0.0.4; charset=utf-8"},
		{"text/plain;version=0.0.4", "text/plain; version=0.0.4; charset=utf-8"},
		{"application/openmetrics-text;version=1.0.0", "application/openmetrics-text; version=1.0.0; charset=utf-8"},
		{"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited", "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"},
	} {
		r := httptest.NewRequest("GET", "/metrics", nil)
		r.Header.Set("Accept", test.accept)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if got := w.Header().Get("Content-Type"); w.Code != 200 || !strings.HasPrefix(got, test.want) {
			t.Errorf("Accept %q was answered with %d, %s, want %s", test.accept, w.Code, got, test.want)
		}
	}
}

func TestHealth(t *testing.T) {
	var ready error
	with := monitoring.NewHandler(monitoring.HandlerOptions{Ready: func() error { return ready }})
	without := monitoring.NewHandler(monitoring.HandlerOptions{})
	check := func(method, path string, code int, body string) {
		t.Helper()
		w := httptest.NewRecorder()
		with.ServeHTTP(w, httptest.NewRequest(method, path, nil))
		if w.Code != code || body != "" && w.Body.String() != body {
			t.Errorf("%s %s is answered with %d, %q", method, path, w.Code, w.Body)
		}
	}
	check("GET", "/healthz", 200, "ok\n")
	check("GET", "/readyz", 200, "ok\n")
	ready = errors.New("the hub is being stopped")
	check("GET", "/healthz", 200, "ok\n")
	check("GET", "/readyz", 503, "the hub is being stopped\n")
	check("GET", "/metrics", 404, "")
	check("POST", "/healthz", 405, "")
	check("GET", "/debug/pprof/", 404, "")

	w := httptest.NewRecorder()
	without.ServeHTTP(w, httptest.NewRequest("GET", "/readyz", nil))
	if w.Code != 200 {
		t.Errorf("without a reason not to be: %d", w.Code)
	}
}
