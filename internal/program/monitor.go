package program

import (
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"runtime"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/urfave/cli/v3"

	"github.com/voilet/QuicFlow/internal/bearer"
	"github.com/voilet/QuicFlow/internal/hosts"
	"github.com/voilet/QuicFlow/internal/settings"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/monitoring"
)

// MonitorFlags are -metrics, with this default, and -pprof.
func MonitorFlags(addr string) []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "metrics", Value: addr, Validator: AddressOrNone,
			Usage: "TCP `ADDRESS` for Prometheus (/metrics) and health checks (/healthz, /readyz); off with -metrics="},
		&cli.BoolFlag{Name: "pprof", Usage: "serve profiles on the address of -metrics (/debug/pprof), which show what the process does to whoever can reach it"},
	}
}

// OpenMonitor listens on the address of -metrics.
func OpenMonitor(cmd *cli.Command, log *slog.Logger, access *Access) (*HTTPServer, error) {
	if cmd.Bool("pprof") && cmd.String("metrics") == "" {
		return nil, qerrors.New(qerrors.InvalidConfig, "-pprof serves profiles on the address of -metrics: give it one, such as -metrics 127.0.0.1:9090")
	}
	return OpenHTTP(cmd, log, "metrics", "monitoring", access)
}

// NewMonitor returns what is served there: metrics of a server or client, of the
// process and of Go, whether it is ready, and with -pprof profiles. Health checks need no
// token, metrics one that may read, and profiles one that may do everything.
func NewMonitor(cmd *cli.Command, log *slog.Logger, metrics *prometheus.Registry, ready func() error, access *Access) http.Handler {
	metrics.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		newBuildInfo(settings.Version(cmd)))
	mux := monitoring.NewHandler(monitoring.HandlerOptions{Metrics: metrics, Ready: ready, Logger: log})
	outer := http.NewServeMux()
	outer.Handle("/", mux)
	outer.Handle("/metrics", access.need(bearer.Read, mux))
	if cmd.Bool("pprof") {
		host, _, _ := net.SplitHostPort(cmd.String("metrics"))
		outer.Handle("/debug/pprof/", onlyFor(host, access.need(bearer.Admin, profiles())))
	}
	return outer
}

func profiles() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /debug/pprof/", pprof.Index) // with the named profiles below it
	mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("POST /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return mux
}

// onlyFor keeps web pages under names of their own away from profiles, one of which
// is the command line.
func onlyFor(name string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if other, ok := hosts.Allowed(r, name); !ok {
			http.Error(w, "profiles are not served under the name "+strconv.Quote(other)+": use the IP address or localhost", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// newBuildInfo returns a metric that is always 1 and says which version runs.
func newBuildInfo(version string) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name:        "quic_backbone_build_info",
		Help:        "Always 1; the labels say what was built, and with what.",
		ConstLabels: prometheus.Labels{"version": version, "goversion": runtime.Version()},
	}, func() float64 { return 1 })
}
