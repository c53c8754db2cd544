// Package arch has no code. Its tests hold the module to its structure: imports
// run one way, quic-go stays in one package, nothing is shared between two
// servers in one process, every test package looks for leaked goroutines.
package arch

const module = "github.com/voilet/QuicFlow"

// rulesFile is where a failing check sends the reader.
const rulesFile = "internal/arch/rules_test.go"

// layer says what of ours the packages of a folder may import. A path that ends
// in "/..." stands for the folder and all below it. Packages of one layer may not
// import each other.
type layer struct {
	path string
	may  []string
}

// above stands for all layers that are listed before.
const above = "above"

// layers lists all folders with packages, from the bottom of the module to its
// top.
var layers = []layer{
	{"pkg/errors", nil},
	{"pkg/protocol", nil},
	{"internal/wire", []string{"pkg/errors", "pkg/protocol"}},
	{"pkg/monitoring", []string{"pkg/errors", "pkg/protocol"}},
	{"pkg/callback", []string{"pkg/errors", "pkg/protocol", "pkg/monitoring"}},
	{"pkg/dispatcher", []string{"pkg/errors", "pkg/protocol", "pkg/monitoring"}},
	{"pkg/session", []string{"pkg/errors", "pkg/protocol", "pkg/monitoring"}},
	{"internal/fields", []string{"pkg/errors"}},
	{"internal/hosts", nil},
	{"internal/reload", nil},
	{"pkg/policy", []string{"pkg/errors", "pkg/protocol", "pkg/session", "internal/fields", "internal/reload"}},
	{"internal/link", []string{above}},
	{"internal/quicnet", []string{"pkg/errors", "internal/reload"}},
	{"internal/atomicfile", []string{"pkg/errors"}},
	{"internal/keyfiles", []string{"internal/atomicfile", "pkg/errors"}},
	{"pkg/transport/...", []string{above}},
	{"internal/tokens", []string{"internal/atomicfile", "pkg/errors"}},
	{"internal/certs", []string{"pkg/errors"}},
	{"pkg/auth", []string{"internal/certs", "internal/reload", "internal/tokens", "pkg/errors", "pkg/monitoring", "pkg/transport/server"}},
	{"internal/eventlog", []string{"pkg/errors", "pkg/monitoring"}},
	{"internal/bearer", []string{"pkg/errors"}},
	{"internal/audit", []string{"pkg/errors"}},
	{"internal/httpapi", []string{above}},
	{"internal/apiclient", []string{"pkg/errors", "internal/httpapi"}},

	// What the programs are made of besides.
	{"internal/console", nil},
	{"internal/heap", nil},
	{"internal/top", []string{"internal/httpapi", "internal/console"}},
	{"internal/settings", []string{"pkg/errors", "internal/fields"}},
	{"internal/tracing", []string{"pkg/errors"}},
	{"internal/execute", []string{"pkg/errors", "pkg/protocol", "pkg/monitoring", "pkg/dispatcher"}},
	{"internal/webhook", []string{"pkg/errors", "pkg/protocol"}},
	{"internal/program", []string{"internal/console", "internal/hosts", "internal/bearer", "internal/reload", "pkg/errors", "pkg/protocol", "pkg/monitoring", "pkg/dispatcher", "internal/fields", "internal/settings", "internal/execute", "internal/webhook", "internal/tracing"}},
	{"internal/load", []string{"pkg/errors"}},
	{"cmd/...", []string{above}},
	{"examples/...", []string{"pkg/..."}},

	// What tests and the demonstration need. Nothing above can import it.
	{"internal/arch", nil},
	{"internal/documents", nil},
	{"internal/golden", nil},
	{"internal/leaktest", nil},
	{"internal/testhub", []string{above}},
	{"internal/testnet", []string{above}},
	{"internal/testprocess", nil},
	{"internal/demo", []string{above}},
	{"internal/reference", []string{above}},
	{"test/...", []string{above}},
}

// confined lists what only some packages import, outside tests.
var confined = []struct {
	library   string // with all below it
	importers []string
}{
	// So that no exported name can mention one of its types, and another QUIC would
	// replace one package.
	{"github.com/quic-go/quic-go", []string{
		"internal/quicnet",
		"internal/testnet", // simulated networks for tests
	}},
	// Users of the library bring their own, or none.
	{"go.opentelemetry.io/otel/sdk", []string{"internal/tracing"}},
	{"go.opentelemetry.io/otel/exporters", []string{"internal/tracing"}},
}

// variables lists the package variables that are no error sentinels of pkg/errors
// and are fine all the same, each with the reason.
var variables = map[string]string{
	"pkg/errors.names":          "an array used as a constant",
	"internal/httpapi.docs":     "files that are compiled in, and only read",
	"internal/link.bufferPool":  "a pool of empty buffers: no user sees anything of another",
	"internal/wire.buffers":     "a pool of empty buffers: no user sees anything of another",
	"internal/settings.errHelp": "a sentinel that never leaves its package",
}

// logKeys lists the keys of log lines. docs/monitoring.md says what they mean.
var logKeys = []string{
	"client_id", "msg_id", "remote", "code", "error", // what most lines have
	"addr", "attempt", "before", "bytes", "connections_cut", "drain_timeout", "dropped", "events", "events_lost", "expires", "file",
	"handlers_unfinished", "in_order", "log_level", "method", "next_attempt_in", "panic", "path", "payload", "reason", "repeated", "resumed",
	"serial", "session_id", "set_by", "several", "silence", "software", "spans", "stack", "status", "strike",
	"strikes_max", "took", "trace_id", "type",
}

// logMessages lists the packages with lines whose message is no literal, each with
// the reason.
var logMessages = map[string]string{
	"internal/program": "a program has a few HTTP servers, which say their names",
	"pkg/monitoring":   "NewErrorLog has a message for each use",
}

// globals lists what works on state that the whole process shares, by import path;
// no names means all of the package.
var globals = map[string][]string{
	"expvar":   nil,
	"log/slog": {"SetDefault", "SetLogLoggerLevel"},
	"net/http": {"DefaultServeMux", "Handle", "HandleFunc"},
	"github.com/prometheus/client_golang/prometheus": {
		"DefaultGatherer", "DefaultRegisterer", "MustRegister", "Register", "Unregister",
	},
	"github.com/prometheus/client_golang/prometheus/promauto": nil,
	"go.opentelemetry.io/otel": {
		"SetErrorHandler", "SetLogger", "SetMeterProvider", "SetTextMapPropagator", "SetTracerProvider",
	},
}
