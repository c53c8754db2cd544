package link

import (
	"context"
	"maps"
	"slices"

	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/voilet/QuicFlow/pkg/dispatcher"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// scope names this code in traces.
const scope = "github.com/voilet/QuicFlow"

// tracer makes the spans of messages, as the semantic conventions of OpenTelemetry
// for messaging systems say. It is nil, and costs the hot path a look at that,
// where nobody wants traces. A span that is not recorded, because its trace was not
// chosen, costs little more than the context that travels on.
type tracer struct {
	trace.Tracer
	headers            propagation.TraceContext // how that travels in the headers of a message
	producer, consumer trace.SpanStartOption
	names              map[protocol.MessageType]names
}

// names are a type of messages, and the spans of what is done with one.
type names struct{ kind, send, process, handle string }

func newTracer(p trace.TracerProvider) *tracer {
	if p == nil {
		return nil
	}
	t := &tracer{
		Tracer:   p.Tracer(scope, trace.WithSchemaURL(semconv.SchemaURL)),
		producer: trace.WithSpanKind(trace.SpanKindProducer),
		consumer: trace.WithSpanKind(trace.SpanKindConsumer),
		names:    make(map[protocol.MessageType]names),
	}
	for number := range protocol.MessageType_name {
		kind := protocol.MessageType(number).Name()
		t.names[protocol.MessageType(number)] = names{kind, "send " + kind, "process " + kind, "handle " + kind}
	}
	return t
}

// named returns the names for messages of type k. All types that this version does
// not know share those of none: a peer can make up any number of them.
func (t *tracer) named(k protocol.MessageType) names {
	n, known := t.names[k]
	if !known {
		return t.names[protocol.MessageType_MESSAGE_TYPE_UNSPECIFIED]
	}
	return n
}

// beginSend begins the span of a message that is to be sent, and makes the message
// carry its context. The result is nil where nothing is recorded; otherwise
// [endSpan] comes last.
func (c *Config) beginSend(ctx context.Context, m *protocol.DataMessage, clientID string) trace.Span {
	if c.tracer == nil {
		return nil
	}
	return c.tracer.send(ctx, m, clientID)
}

// send finds the parent of the span in ctx, or else in the headers: the message may
// be somebody else's, passed on.
func (t *tracer) send(ctx context.Context, m *protocol.DataMessage, clientID string) trace.Span {
	if len(m.Headers) > 0 && !trace.SpanContextFromContext(ctx).IsValid() {
		ctx = t.headers.Extract(ctx, carrier(m.Headers))
	}
	// A producer also when it waits for an acknowledgement: the conventions ask for
	// that of the span whose context the message carries.
	name := t.named(m.Type)
	ctx, span := t.Start(ctx, name.send, t.producer)
	t.inject(ctx, m)
	if !span.IsRecording() {
		return nil
	}
	describe(span, m, name.kind, clientID, semconv.MessagingOperationName("send"), semconv.MessagingOperationTypeSend)
	return span
}

// carrier is headers that a trace travels in.
type carrier map[string]string

// maxTraceHeader is how long one of them may be. W3C Trace Context, section
// 3.3.1.5, asks for no more; many spans hold it, and a peer chooses it.
const maxTraceHeader = 512

// Get returns a header, or nothing in the place of one that is too long.
func (c carrier) Get(key string) string {
	if value := c[key]; len(value) <= maxTraceHeader {
		return value
	}
	return ""
}

// Set sets a header.
func (c carrier) Set(key, value string) { c[key] = value }

// Keys returns the names of all headers.
func (c carrier) Keys() []string { return slices.Collect(maps.Keys(c)) }

// inject gives m headers with the context of the span in ctx. The map that is there
// is the caller's and stays as it is, and so does the message if it has no room
// for more.
func (t *tracer) inject(ctx context.Context, m *protocol.DataMessage) {
	if !trace.SpanContextFromContext(ctx).IsValid() {
		return
	}
	headers := make(carrier, len(m.Headers)+2)
	maps.Copy(headers, m.Headers)
	for _, field := range t.headers.Fields() {
		delete(headers, field) // one of an earlier span
	}
	t.headers.Inject(ctx, headers)
	if checkHeaders(headers) == nil {
		m.Headers = headers
	}
}

// receive begins the span of a message that has arrived, below that of its sender if
// the headers have a valid one. It returns the context for the handler, and who
// is to be told of the outcome: the link, or with it the span if that is recorded.
func (t *tracer) receive(l *Link, m *protocol.DataMessage) (base context.Context, r dispatcher.Responder) {
	base = l.cfg.base
	if len(m.Headers) > 0 {
		base = t.headers.Extract(base, carrier(m.Headers))
	}
	name := t.named(m.Type)
	base, span := t.Start(base, name.process, t.consumer)
	if !span.IsRecording() {
		return base, l
	}
	describe(span, m, name.kind, l.session.ClientID(), semconv.MessagingOperationName("process"), semconv.MessagingOperationTypeProcess)
	return base, &processing{l, span, name.handle}
}
