package server_test

import (
	"cmp"
	"slices"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/voilet/QuicFlow/pkg/transport/client"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

// traces collects the spans of a hub and its clients, which have a provider each.
type traces struct{ *tracetest.SpanRecorder }

func newTraces() traces { return traces{tracetest.NewSpanRecorder()} }

func (tr traces) provider(side string, options ...sdktrace.TracerProviderOption) trace.TracerProvider {
	return sdktrace.NewTracerProvider(append(options,
		sdktrace.WithSpanProcessor(tr), sdktrace.WithResource(resource.NewSchemaless(attribute.String("side", side))))...)
}

// hub and client make a hub and a client have their spans here.
func (tr traces) hub(c *server.ServerConfig)    { c.TracerProvider = tr.provider("hub") }
func (tr traces) client(c *client.ClientConfig) { c.TracerProvider = tr.provider(c.ClientID) }

// expect compares all spans with a picture of them: a line for each, with the side
// that it was made on, and its error if there was one, below its parent. Those with
// the same parent are in the order in which they began.
func (tr traces) expect(t *testing.T, want ...string) {
	t.Helper()
	if started, ended := len(tr.Started()), len(tr.Ended()); started != ended {
		t.Errorf("%d spans were started and %d ended", started, ended)
	}
	got := tr.picture(t)
	if !slices.Equal(got, want) {
		t.Errorf("spans:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func (tr traces) picture(t *testing.T) (lines []string) {
	t.Helper()
	children := map[trace.SpanID][]sdktrace.ReadOnlySpan{}
	known := map[trace.SpanID]trace.TraceID{}
	spans := tr.Ended()
	for _, span := range spans {
		known[span.SpanContext().SpanID()] = span.SpanContext().TraceID()
	}
	for _, span := range spans {
		parent := span.Parent().SpanID()
		if id, ok := known[parent]; !ok {
			parent = trace.SpanID{} // of a trace that began elsewhere
		} else if id != span.SpanContext().TraceID() {
			t.Errorf("%s is in another trace than its parent", describe(span))
		}
		children[parent] = append(children[parent], span)
	}
	var draw func(parent trace.SpanID, indent string)
	draw = func(parent trace.SpanID, indent string) {
		slices.SortFunc(children[parent], func(a, b sdktrace.ReadOnlySpan) int {
			return cmp.Or(a.StartTime().Compare(b.StartTime()), cmp.Compare(describe(a), describe(b)))
		})
		for _, span := range children[parent] {
			lines = append(lines, indent+describe(span))
			draw(span.SpanContext().SpanID(), indent+"  ")
		}
	}
	draw(trace.SpanID{}, "")
	return lines
}

func describe(span sdktrace.ReadOnlySpan) string {
	side, _ := span.Resource().Set().Value("side")
	text := side.AsString() + ": " + span.Name()
	if span.Status().Code == codes.Error {
		text += ": " + attributes(span)["error.type"]
	}
	return text
}

func attributes(span sdktrace.ReadOnlySpan) map[string]string {
	all := map[string]string{}
	for _, a := range span.Attributes() {
		all[string(a.Key)] = a.Value.String()
	}
	return all
}

// find returns the one span with this description.
func (tr traces) find(t *testing.T, description string) sdktrace.ReadOnlySpan {
	t.Helper()
	var found []sdktrace.ReadOnlySpan
	for _, span := range tr.Ended() {
		if describe(span) == description {
			found = append(found, span)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d spans are %q: %q", len(found), description, tr.picture(t))
	}
	return found[0]
}
