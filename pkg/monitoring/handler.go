package monitoring

import (
	"log/slog"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// HandlerOptions are what [NewHandler] serves. Each may be left out.
type HandlerOptions struct {
	// Metrics are what /metrics shows: those of Server.Registry or Client.Registry,
	// perhaps together with others (prometheus.Gatherers).
	Metrics prometheus.Gatherer
	// Ready returns why no traffic should come here at the moment, and nil if it
	// may: Server.Ready or Client.Ready.
	Ready func() error
	// Logger is told of metrics that cannot be shown.
	Logger *slog.Logger
}

// NewHandler returns what an operator's tools ask for over HTTP:
//
//	GET /metrics   Prometheus' text format 0.0.4, OpenMetrics, or protobuf with
//	               native histograms, whichever the Accept header prefers
//	GET /healthz   200 while the process answers at all
//	GET /readyz    200 when it is ready for traffic; else 503, and the reason
//
// There is no authentication.
func NewHandler(o HandlerOptions) *http.ServeMux {
	mux := http.NewServeMux()
	if o.Metrics != nil {
		opts := promhttp.HandlerOpts{EnableOpenMetrics: true}
		if o.Logger != nil {
			opts.ErrorLog = NewErrorLog(o.Logger, slog.LevelError, "metrics cannot be shown")
		}
		mux.Handle("GET /metrics", promhttp.HandlerFor(o.Metrics, opts))
	}
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { answer(w, nil) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		var reason error
		if o.Ready != nil {
			reason = o.Ready()
		}
		answer(w, reason)
	})
	return mux
}

// answer says ok, or why not. A write fails only when nobody is there to read.
func answer(w http.ResponseWriter, reason error) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	if reason != nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = w.Write([]byte(reason.Error() + "\n"))
		return
	}
	_, _ = w.Write([]byte("ok\n"))
}
