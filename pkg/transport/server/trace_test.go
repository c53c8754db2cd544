package server_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/voilet/QuicFlow/internal/testnet"
	"github.com/voilet/QuicFlow/pkg/dispatcher"
	"github.com/voilet/QuicFlow/pkg/protocol"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

// A client asks the hub, whose handler asks another client, whose handler makes a
// span of its own: all that is one trace.
func TestOneTraceInBothDirections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, tr := testnet.Virtual(t), newTraces()
		var hub *server.Server
		hub = n.Hub(testnet.Handle(func(ctx context.Context, m *protocol.DataMessage) (*protocol.DataMessage, error) {
			ack, err := hub.SendMessage(ctx, "b", m, true, 0)
			return &protocol.DataMessage{Payload: ack.GetResult()}, err
		}), tr.hub)
		own := tr.provider("b").Tracer("application")
		a, b := n.Client("a", nil, tr.client), n.Client("b", testnet.Handle(func(ctx context.Context, _ *protocol.DataMessage) (*protocol.DataMessage, error) {
			_, span := own.Start(ctx, "work")
			defer span.End()
			return &protocol.DataMessage{Payload: []byte("done")}, nil
		}), tr.client)
		n.Connect(a, b)
		ctx, span := tr.provider("a").Tracer("application").Start(t.Context(), "ask")
		ack, err := a.SendMessage(ctx, testnet.Command("x"), true, 0)
		if err != nil || string(ack.Result) != "done" {
			t.Fatalf("answered %v, %v", ack, err)
		}
		span.End()
		tr.expect(t,
			"a: ask",
			"  a: send command",
			"    hub: process command",
			"      hub: handle command",
			"        hub: send command",
			"          b: process command",
			"            b: handle command",
			"              b: work",
		)
	})
}

func TestSpansAreDescribed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, tr := testnet.Virtual(t), newTraces()
		hub := n.Hub(nil, tr.hub)
		n.Connect(n.Client("a", testnet.Echo(), tr.client))
		m := testnet.Command("12345")
		m.MsgId = "7"
		if _, err := hub.SendMessage(t.Context(), "a", m, true, 0); err != nil {
			t.Fatal(err)
		}
		describe := func(operation string) map[string]string {
			return map[string]string{
				"messaging.system": "quic_backbone", "messaging.operation.name": operation, "messaging.operation.type": operation,
				"messaging.destination.name": "command", "messaging.client.id": "a",
				"messaging.message.id": "7", "messaging.message.body.size": "5",
			}
		}
		for _, test := range []struct {
			span string
			kind trace.SpanKind
			want map[string]string
		}{
			{"hub: send command", trace.SpanKindProducer, describe("send")},
			{"a: process command", trace.SpanKindConsumer, describe("process")},
			{"a: handle command", trace.SpanKindInternal, map[string]string{}},
		} {
			span := tr.find(t, test.span)
			if span.SpanKind() != test.kind {
				t.Errorf("%s is of the kind %v, want %v", test.span, span.SpanKind(), test.kind)
			}
			if d := gocmp.Diff(test.want, attributes(span)); d != "" {
				t.Errorf("attributes of %s (-want +got):\n%s", test.span, d)
			}
		}
	})
}

// Each span covers what it says: the sending all of it, the processing also the wait
// for a worker, and that of the handler nothing else.
func TestSpansTakeAsLongAsWhatTheyStandFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, tr := testnet.Virtual(t), newTraces()
		n.Hub(testnet.HandleWith(dispatcher.Config{Workers: 1}, func(context.Context, *protocol.DataMessage) (*protocol.DataMessage, error) {
			time.Sleep(time.Second)
			return nil, nil
		}), tr.hub)
		c := n.Client("a", nil, tr.client)
		n.Connect(c)
		if _, err := c.SendMessage(t.Context(), testnet.Command("before"), false, 0); err != nil {
			t.Fatal(err)
		}
		time.Sleep(500 * time.Millisecond)
		p, err := c.SendAsync(t.Context(), testnet.Command("x"), 0)
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if ended := len(tr.Ended()); ended != 1 { // that of the message before
			t.Errorf("%d spans have ended while the promise waits", ended)
		}
		if _, err := p.Result(); err != nil {
			t.Fatal(err)
		}
		spans := tr.Ended()
		for i, test := range []struct {
			span string
			took time.Duration
		}{
			{"a: send command", 0}, // without an acknowledgement, until it is queued
			{"hub: handle command", time.Second},
			{"hub: process command", time.Second},
			{"hub: handle command", time.Second},
			{"hub: process command", 1500 * time.Millisecond},
			{"a: send command", 1510 * time.Millisecond},
		} {
			span := spans[i]
			if took := span.EndTime().Sub(span.StartTime()); describe(span) != test.span || (took-test.took).Abs() > 5*time.Millisecond {
				t.Errorf("span %d is %s and took %v, want %s, %v", i, describe(span), took, test.span, test.took)
			}
		}
	})
}

// Many send at once; each message is below the span of its own sender.
func TestConcurrentSendersHaveTracesOfTheirOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, tr := testnet.Virtual(t), newTraces()
		n.Hub(testnet.Echo(), tr.hub)
		c := n.Client("a", nil, tr.client)
		n.Connect(c)
		tracer := tr.provider("a").Tracer("application")
		shared := testnet.Command("x")
		shared.Headers = map[string]string{"k": "v"}
		var want []string
		var wg sync.WaitGroup
		for i := range 50 {
			name := fmt.Sprintf("sender %02d", i)
			want = append(want, "a: "+name, "  a: send command", "    hub: process command", "      hub: handle command")
			wg.Go(func() {
				ctx, span := tracer.Start(t.Context(), name)
				defer span.End()
				if _, err := c.SendMessage(ctx, shared, true, 0); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		tr.expect(t, want...)
		if len(shared.Headers) != 1 {
			t.Errorf("the sender's own message has the headers %v now", shared.Headers)
		}
	})
}

// What is not sampled is not recorded, neither here nor, as the message says so, on
// the other side.
func TestSamplingIsPassedOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, tr := testnet.Virtual(t), newTraces()
		hub := n.Hub(nil, func(c *server.ServerConfig) {
			c.TracerProvider = tr.provider("hub", sdktrace.WithSampler(sdktrace.NeverSample()))
		})
		var sampled bool
		n.Connect(n.Client("a", testnet.Handle(func(ctx context.Context, _ *protocol.DataMessage) (*protocol.DataMessage, error) {
			sampled = trace.SpanContextFromContext(ctx).IsSampled()
			return nil, nil
		}), tr.client))
		if _, err := hub.SendMessage(t.Context(), "a", testnet.Command("x"), true, 0); err != nil {
			t.Fatal(err)
		}
		if sampled || len(tr.Started()) > 0 {
			t.Errorf("sampled at the client: %v; spans: %q", sampled, tr.picture(t))
		}
	})
}
