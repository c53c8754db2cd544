// Package tracing exports the traces of a program with OTLP over HTTP, the
// protocol of OpenTelemetry that collectors and tracing systems speak.
//
//	exporter, err := tracing.New(ctx, tracing.Config{Endpoint: "http://localhost:4318", ...})
//	...
//	server.NewServer(&server.ServerConfig{TracerProvider: exporter.TracerProvider(), ...})
//	...
//	exporter.Shutdown(ctx)
//
// It has what OpenTelemetry calls its SDK, and nobody else imports that. Nothing
// of it is global: neither the provider, nor the handler of errors.
//
// Up to 8,192 ended spans wait to be exported in batches, at least every five
// seconds, by one goroutine. Messages never wait for that: where the collector is
// too slow or not there, spans are lost, and the log says so, and at the end how
// many.
//
// The SDK reads the standard variables for headers, timeout, compression and
// certificates (OTEL_EXPORTER_OTLP_*), batches (OTEL_BSP_*, but not for the size of
// the queue), limits (OTEL_SPAN_*) and resources (OTEL_RESOURCE_ATTRIBUTES,
// OTEL_SERVICE_NAME). Those for endpoint and sampler mean nothing here.
package tracing

import (
	"context"
	"errors"
	"log/slog"
	"net/url"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// Config says where traces go, and whose they are.
type Config struct {
	Endpoint string  // the URL of an OTLP/HTTP receiver, that [CheckEndpoint] accepts
	Ratio    float64 // the part of the traces to export, 0 to 1

	Service  string // the name of the program
	Version  string
	Instance string       // which one of several
	Log      *slog.Logger // told what is lost; it should limit repeats
}

// tracesPath is where a receiver takes traces, below its URL.
const tracesPath = "/v1/traces"

// CheckEndpoint returns an error unless text is the URL of a receiver, with or
// without the path for traces.
func CheckEndpoint(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || !validPort(u.Port()):
		return errors.New("write the URL of an OTLP/HTTP receiver, such as http://localhost:4318")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return errors.New("write a URL without user, query and fragment; what a receiver wants to know goes into OTEL_EXPORTER_OTLP_HEADERS")
	default:
		return nil
	}
}

func validPort(port string) bool {
	_, err := strconv.ParseUint(port, 10, 16)
	return port == "" || err == nil
}

// Exporter makes spans of what it is told and exports them. A nil Exporter stands
// for one that is off.
type Exporter struct {
	provider *sdktrace.TracerProvider
	queue    queue
	receiver receiver
	cut      context.CancelCauseFunc
}

// New returns an Exporter. It does not connect yet: a receiver that is not there is
// reported by the log.
func New(ctx context.Context, c Config) (*Exporter, error) {
	if err := CheckEndpoint(c.Endpoint); err != nil {
		return nil, qerrors.New(qerrors.InvalidConfig, "the endpoint of traces: %w", err)
	}
	endpoint := strings.TrimSuffix(strings.TrimRight(c.Endpoint, "/"), tracesPath) + tracesPath
	otlp, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(endpoint))
	if err != nil {
		return nil, qerrors.New(qerrors.InvalidConfig, "traces cannot be exported to %s: %w; look at the OTEL_EXPORTER_OTLP variables", endpoint, err)
	}
	return newExporter(ctx, c, otlp)
}

func newExporter(ctx context.Context, c Config, spans sdktrace.SpanExporter) (*Exporter, error) {
	about, err := resource.New(ctx, resource.WithTelemetrySDK(), resource.WithHost(),
		resource.WithAttributes(semconv.ServiceName(c.Service), semconv.ServiceVersion(c.Version), semconv.ServiceInstanceID(c.Instance)),
		resource.WithFromEnv()) // last, so that it wins
	if err != nil {
		return nil, qerrors.New(qerrors.InvalidConfig, "OTEL_RESOURCE_ATTRIBUTES or OTEL_SERVICE_NAME: %w", err)
	}
	e := &Exporter{receiver: receiver{SpanExporter: spans, tally: new(tally), log: c.Log, done: make(chan struct{})}}
	e.receiver.cut, e.cut = context.WithCancelCause(context.Background())
	e.queue = queue{sdktrace.NewBatchSpanProcessor(e.receiver, sdktrace.WithMaxQueueSize(maxWaiting)), e.receiver.tally}
	e.provider = sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(e.queue), sdktrace.WithSampler(sampler(c.Ratio)), sdktrace.WithResource(about))
	return e, nil
}

// sampler follows the parent, but where that is a peer's, which may have chosen to
// sample everything, only within the ratio. Which traces are within it depends on
// their ids alone: of two sides, the one with the larger ratio has all traces of
// the other.
func sampler(ratio float64) sdktrace.Sampler {
	within := sdktrace.TraceIDRatioBased(ratio)
	return sdktrace.ParentBased(within, sdktrace.WithRemoteParentSampled(within))
}

// TracerProvider returns what spans are made with; nil if e is off.
func (e *Exporter) TracerProvider() trace.TracerProvider {
	if e == nil {
		return nil // and not a nil of another type
	}
	return e.provider
}

// flushTime is how long Shutdown tries to export what is left: a collector that does
// not answer must not keep a program from ending.
const flushTime = 3 * time.Second

// Shutdown exports the spans that have ended, for at most three seconds and until
// ctx ends, and logs how many were lost. Spans that end later are not counted.
func (e *Exporter) Shutdown(ctx context.Context) {
	if e == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, flushTime)
	defer cancel()
	_ = e.provider.Shutdown(ctx) // fails when ctx ends; what is lost is counted
	_ = e.queue.Shutdown(ctx)    // since a provider does nothing where ctx has ended before
	e.cut(qerrors.New(qerrors.Timeout, "the program has ended before the collector answered"))
	<-e.receiver.done
	e.receiver.summarize()
}
