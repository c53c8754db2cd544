package httpapi_test

import (
	"net/http"
	"strings"
	"testing"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/voilet/QuicFlow/pkg/transport/server"
)

// A message belongs to the trace that its request names, or else to one of its own.
func TestTraceOfARequest(t *testing.T) {
	const traceID, spanID = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
	spans := tracetest.NewSpanRecorder()
	h := startHub(t, server.ServerConfig{TracerProvider: sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans))})
	h.connect("a", echo)
	for i, test := range []struct{ path, body, parent string }{
		{"/api/send", `{"client_id":"a","wait_ack":true}`, "00-" + traceID + "-" + spanID + "-01"},
		{"/api/broadcast", `{}`, "00-" + traceID + "-" + spanID + "-01"},
		{"/api/send", `{"client_id":"a","wait_ack":true}`, ""},
		{"/api/send", `{"client_id":"a","wait_ack":true}`, "nonsense"},
	} {
		request, err := http.NewRequestWithContext(t.Context(), "POST", h.api.URL+test.path, strings.NewReader(test.body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("traceparent", test.parent)
		response, err := h.api.Client().Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != http.StatusOK {
			t.Fatalf("%s: status %d", test.path, response.StatusCode)
		}
		span := spans.Ended()[i]
		inside := span.SpanContext().TraceID().String() == traceID && span.Parent().SpanID().String() == spanID
		if inside != (len(test.parent) > 10) || !inside && span.Parent().IsValid() {
			t.Errorf("%s, traceparent %q: the span is in %s below %s", test.path, test.parent, span.SpanContext().TraceID(), span.Parent().SpanID())
		}
	}
}
