package tracing_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/trace"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	"google.golang.org/protobuf/proto"

	"github.com/voilet/QuicFlow/internal/leaktest"
	"github.com/voilet/QuicFlow/internal/tracing"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

func TestEndpoints(t *testing.T) {
	for endpoint, want := range map[string]string{ // a part of the error
		"http://localhost:4318":                      "",
		"https://collector.example":                  "",
		"http://[::1]:4318/":                         "",
		"http://localhost:4318/v1/traces":            "",
		"https://example.com/otlp":                   "",
		"":                                           "write the URL of an OTLP/HTTP receiver, such as http://localhost:4318",
		"localhost:4318":                             "write the URL",
		"localhost":                                  "write the URL",
		"grpc://localhost:4317":                      "write the URL",
		"http://":                                    "write the URL",
		"http://:4318":                               "write the URL",
		"http://localhost:99999":                     "write the URL",
		"http://local host":                          "write the URL",
		"http://user:secret@localhost:4318":          "OTEL_EXPORTER_OTLP_HEADERS",
		"http://localhost:4318?api-key=secret":       "OTEL_EXPORTER_OTLP_HEADERS",
		"http://localhost:4318/v1/traces#everything": "OTEL_EXPORTER_OTLP_HEADERS",
	} {
		err := tracing.CheckEndpoint(endpoint)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", endpoint, err, want)
		}
		if want != "" && err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("the error tells a secret: %v", err)
		}
	}
	_, err := tracing.New(t.Context(), tracing.Config{Endpoint: "localhost:4318"})
	if !errors.Is(err, qerrors.ErrInvalidConfig) {
		t.Errorf("New accepts what CheckEndpoint does not: %v", err)
	}
}

func TestNil(t *testing.T) {
	var off *tracing.Exporter
	if p := off.TracerProvider(); p != nil {
		t.Errorf("an exporter that is off has the provider %v", p)
	}
	off.Shutdown(t.Context())
}

// request is what a collector gets.
type request struct {
	*http.Request
	spans map[string]string // names, and attributes of the resource
}

// collect starts a collector.
func collect(t *testing.T, status int) (url string, requests chan request) {
	requests = make(chan request, 100)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got := request{r, map[string]string{}}
		var message collector.ExportTraceServiceRequest
		body := io.Reader(r.Body)
		if r.Header.Get("Content-Encoding") == "gzip" {
			body, _ = gzip.NewReader(body)
		}
		content, err := io.ReadAll(body)
		if err == nil {
			err = proto.Unmarshal(content, &message)
		}
		if err != nil {
			t.Error(err)
		}
		for _, resource := range message.ResourceSpans {
			for _, scope := range resource.ScopeSpans {
				for _, span := range scope.Spans {
					got.spans[span.Name] = describe(resource.Resource.Attributes)
				}
			}
		}
		requests <- got
		w.WriteHeader(status)
	}))
	t.Cleanup(server.Close)
	return server.URL, requests
}

func describe(attributes []*common.KeyValue) string {
	var all []string
	for _, a := range attributes {
		if strings.HasPrefix(a.Key, "service.") || a.Key == "zone" {
			all = append(all, a.Key+"="+a.Value.GetStringValue())
		}
	}
	return strings.Join(all, " ")
}

// export makes one span, exports it and returns what was logged.
func export(t *testing.T, endpoint string) string {
	t.Helper()
	var log bytes.Buffer
	e, err := tracing.New(t.Context(), tracing.Config{
		Endpoint: endpoint, Ratio: 1, Service: "quic-test", Version: "v7", Instance: "a", Log: slog.New(slog.NewTextHandler(&log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	_, span := e.TracerProvider().Tracer("test").Start(t.Context(), "work")
	span.End()
	e.Shutdown(context.Background())
	return log.String()
}

func TestExport(t *testing.T) {
	for name, test := range map[string]struct{ endpoint, path string }{
		"host":           {"", "/v1/traces"},
		"slash":          {"/", "/v1/traces"},
		"full path":      {"/v1/traces", "/v1/traces"},
		"below a folder": {"/otlp", "/otlp/v1/traces"},
	} {
		t.Run(name, func(t *testing.T) {
			url, requests := collect(t, http.StatusOK)
			if log := export(t, url+test.endpoint); log != "" {
				t.Errorf("logged %s", log)
			}
			got := <-requests
			if got.URL.Path != test.path || got.spans["work"] != "service.instance.id=a service.name=quic-test service.version=v7" || len(requests) != 0 {
				t.Errorf("exported to %s: %v, and %d more", got.URL.Path, got.spans, len(requests))
			}
		})
	}
}

// The standard variables say what our flags do not.
func TestEnvironment(t *testing.T) {
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://nowhere.invalid")
	t.Setenv("OTEL_TRACES_SAMPLER", "always_off")
	t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "api-key=secret")
	t.Setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip")
	t.Setenv("OTEL_SERVICE_NAME", "edge")
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "zone=7")
	url, requests := collect(t, http.StatusOK)
	export(t, url)
	got := <-requests
	if got.Header.Get("Api-Key") != "secret" || got.Header.Get("Content-Encoding") != "gzip" {
		t.Errorf("the headers are %v", got.Header)
	}
	if got.spans["work"] != "service.instance.id=a service.name=edge service.version=v7 zone=7" {
		t.Errorf("the resource has %q", got.spans["work"])
	}
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "nonsense")
	if _, err := tracing.New(t.Context(), tracing.Config{Endpoint: url}); !errors.Is(err, qerrors.ErrInvalidConfig) || !strings.Contains(err.Error(), "OTEL_RESOURCE_ATTRIBUTES") {
		t.Errorf("with nonsense for attributes: %v", err)
	}
}

// A collector that refuses, or that is not there, is reported by the log and by
// nobody else.
func TestExportFails(t *testing.T) {
	refusing, _ := collect(t, http.StatusForbidden)
	for endpoint, want := range map[string]string{
		refusing:             "403 Forbidden",
		"http://127.0.0.1:1": "connection refused",
	} {
		log := export(t, endpoint)
		if !strings.Contains(log, want) || !strings.Contains(log, "level=WARN msg=\"spans were not exported\" spans=1") {
			t.Errorf("%s: the log says %s", endpoint, log)
		}
	}
}

func TestSampler(t *testing.T) {
	parent := func(last byte, remote, sampled bool) context.Context {
		return trace.ContextWithSpanContext(context.Background(), trace.NewSpanContext(trace.SpanContextConfig{
			TraceID: trace.TraceID{8: last, 15: 1}, SpanID: trace.SpanID{1}, Remote: remote, TraceFlags: trace.TraceFlags(0).WithSampled(sampled),
		}))
	}
	const low, high = 0x10, 0xf0 // below a ratio of a half, and above
	url, _ := collect(t, http.StatusOK)
	for _, test := range []struct {
		name   string
		ratio  float64
		parent context.Context
		want   bool
	}{
		{"root", 1, context.Background(), true},
		{"root", 0, context.Background(), false},
		{"sampled by a peer", 1, parent(high, true, true), true},
		{"sampled by a peer, within", 0.5, parent(low, true, true), true},
		{"sampled by a peer, beyond", 0.5, parent(high, true, true), false},
		{"sampled by a peer", 0, parent(low, true, true), false},
		{"not sampled by a peer", 1, parent(low, true, false), false},
		{"sampled here", 0, parent(high, false, true), true},
		{"not sampled here", 1, parent(low, false, false), false},
	} {
		e, err := tracing.New(t.Context(), tracing.Config{Endpoint: url, Ratio: test.ratio, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		_, span := e.TracerProvider().Tracer("test").Start(test.parent, "work")
		if got := span.SpanContext().IsSampled(); got != test.want {
			t.Errorf("%s, ratio %v: sampled is %v", test.name, test.ratio, got)
		}
		e.Shutdown(t.Context())
	}
}
