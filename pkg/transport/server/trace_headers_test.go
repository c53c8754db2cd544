package server_test

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"testing"
	"testing/synctest"

	gocmp "github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/trace"

	"github.com/voilet/QuicFlow/internal/testnet"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

const (
	traceID    = "4bf92f3577b34da6a3ce929d0e0e4736"
	otherTrace = "00000000000000000000000000000abc"
	parentID   = "00f067aa0ba902b7"
	valid      = "00-" + traceID + "-" + parentID + "-01"
)

// What a peer writes into the headers joins its trace if it is a trace context; if
// it is not, the message is handled all the same, in a trace of its own.
func TestTraceContextOfPeers(t *testing.T) {
	for name, test := range map[string]struct {
		headers map[string]string
		traceID string // empty for a new one
		state   string
	}{
		"none":             {nil, "", ""},
		"valid":            {map[string]string{"traceparent": valid}, traceID, ""},
		"with state":       {map[string]string{"traceparent": valid, "tracestate": "vendor=1,other=x"}, traceID, "vendor=1,other=x"},
		"long state":       {map[string]string{"traceparent": valid, "tracestate": "a=" + strings.Repeat("x", 250) + ",b=" + strings.Repeat("x", 250)}, traceID, "a=" + strings.Repeat("x", 250) + ",b=" + strings.Repeat("x", 250)},
		"longer state":     {map[string]string{"traceparent": valid, "tracestate": "a=" + strings.Repeat("x", 256) + ",b=" + strings.Repeat("x", 256)}, traceID, ""},
		"broken state":     {map[string]string{"traceparent": valid, "tracestate": "=,="}, traceID, ""},
		"newer version":    {map[string]string{"traceparent": "01-" + traceID + "-" + parentID + "-01-more"}, traceID, ""},
		"nonsense":         {map[string]string{"traceparent": "nonsense"}, "", ""},
		"zeros":            {map[string]string{"traceparent": "00-" + strings.Repeat("0", 32) + "-" + parentID + "-01"}, "", ""},
		"capitals":         {map[string]string{"traceparent": strings.ToUpper(valid)}, "", ""},
		"state alone":      {map[string]string{"tracestate": "vendor=1"}, "", ""},
		"empty":            {map[string]string{"traceparent": ""}, "", ""},
		"very long":        {map[string]string{"traceparent": valid + strings.Repeat("-", 16_000)}, "", ""},
		"very long beside": {map[string]string{"traceparent": valid, "tracestate": "v=" + strings.Repeat("x", 16_000)}, traceID, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n, tr := testnet.Virtual(t), newTraces()
				var got trace.SpanContext
				n.Hub(testnet.Handle(func(ctx context.Context, m *protocol.DataMessage) (*protocol.DataMessage, error) {
					got = trace.SpanContextFromContext(ctx)
					if d := gocmp.Diff(test.headers, m.Headers); d != "" {
						t.Errorf("the handler's headers (-want +got):\n%s", d)
					}
					return nil, nil
				}), tr.hub)
				p := n.Dial("a")
				p.Hello("a")
				m := testnet.Data("7", nil)
				m.GetData().Headers = test.headers
				p.Send(m)
				if ack := p.Receive().GetAck(); ack.GetStatus() != protocol.AckStatus_ACK_STATUS_SUCCESS {
					t.Fatalf("the message was answered with %v", ack)
				}
				process := tr.find(t, "hub: process command")
				if parent := process.Parent(); parent.IsValid() != (test.traceID != "") || parent.IsValid() && parent.SpanID().String() != parentID {
					t.Errorf("the parent is %s", parent.SpanID())
				}
				if id := got.TraceID().String(); !got.IsSampled() || test.traceID != "" && id != test.traceID || id == otherTrace {
					t.Errorf("the handler is in the trace %s, want %q", id, test.traceID)
				}
				if state := got.TraceState().String(); state != test.state {
					t.Errorf("the handler has the state %q, want %q", state, test.state)
				}
			})
		})
	}
}

// The span of a message that is sent is below that of ctx, or else below the one
// that the headers name. The message names it instead, if there is room; the map of
// the caller stays as it is.
func TestTraceContextIsPutIntoHeaders(t *testing.T) {
	many := func(n, size int) map[string]string {
		headers := map[string]string{}
		for i := range n {
			headers[fmt.Sprint("key-", i)] = strings.Repeat("x", size)
		}
		return headers
	}
	inside := trace.ContextWithSpanContext(context.Background(), trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: trace.TraceID{14: 0x0a, 15: 0xbc}, SpanID: trace.SpanID{1}, TraceFlags: trace.FlagsSampled,
	}))
	for name, test := range map[string]struct {
		ctx     context.Context
		headers map[string]string
		traceID string // empty for a new one
		leftOut bool
	}{
		"none":                {context.Background(), nil, "", false},
		"context":             {inside, nil, otherTrace, false},
		"headers":             {context.Background(), map[string]string{"traceparent": valid, "tracestate": "vendor=1", "k": "v"}, traceID, false},
		"both":                {inside, map[string]string{"traceparent": valid, "tracestate": "vendor=1", "k": "v"}, otherTrace, false},
		"room for one":        {inside, many(63, 1), otherTrace, false},
		"no room":             {inside, many(64, 1), otherTrace, true},
		"no bytes left":       {inside, many(10, 1630), otherTrace, true},
		"no room but its own": {inside, merge(many(63, 1), map[string]string{"traceparent": "nonsense"}), otherTrace, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n, tr := testnet.Virtual(t), newTraces()
				hub := n.Hub(nil, tr.hub)
				received := make(chan map[string]string, 1)
				n.Connect(n.Client("a", testnet.Handle(func(_ context.Context, m *protocol.DataMessage) (*protocol.DataMessage, error) {
					received <- m.Headers
					return nil, nil
				}), nil)) // without traces
				m := testnet.Command("x")
				m.Headers = test.headers
				before := maps.Clone(test.headers)
				if _, err := hub.SendMessage(test.ctx, "a", m, true, 0); err != nil {
					t.Fatal(err)
				}
				if d := gocmp.Diff(before, m.Headers); d != "" {
					t.Errorf("the caller's headers were changed:\n%s", d)
				}
				span := tr.find(t, "hub: send command").SpanContext()
				if id := span.TraceID().String(); test.traceID != "" && id != test.traceID {
					t.Errorf("the span is in the trace %s, want %s", id, test.traceID)
				}
				want := before
				if !test.leftOut {
					want = merge(before, map[string]string{"traceparent": fmt.Sprintf("00-%s-%s-01", span.TraceID(), span.SpanID())})
					delete(want, "tracestate")
					if state := span.TraceState().String(); state != "" {
						want["tracestate"] = state
					}
				}
				if d := gocmp.Diff(want, <-received); d != "" {
					t.Errorf("the headers that arrived (-want +got):\n%s", d)
				}
			})
		})
	}
}

func merge(a, b map[string]string) map[string]string {
	all := maps.Clone(b)
	maps.Copy(all, a)
	maps.Copy(all, b)
	return all
}

// A peer can neither make up names of spans and reasons, nor fill the memory with
// the text of a failure.
func TestSpansOfHostilePeers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, tr := testnet.Virtual(t), newTraces()
		hub := n.Hub(nil, tr.hub)
		p := n.Dial("a")
		p.Hello("a")
		m := testnet.Data("7", nil)
		m.GetData().Type = 12345
		p.Send(m)
		p.Receive()
		promise, err := hub.SendAsync(t.Context(), "a", testnet.Command("x"), 0)
		if err != nil {
			t.Fatal(err)
		}
		ack := testnet.Ack(p.Receive().GetData().GetNumber())
		ack.GetAck().Status, ack.GetAck().Code, ack.GetAck().Error = 99, 12345, strings.Repeat("ü", 10_000)
		p.Send(ack)
		if _, err := promise.Result(); err != nil {
			t.Fatal(err)
		}
		tr.expect(t, "hub: process unspecified: "+qerrors.NoHandler.String(), "hub: send command: _OTHER")
		if text := tr.find(t, "hub: send command: _OTHER").Status().Description; len(text) > 1<<10 || text != strings.Repeat("ü", len(text)/2) {
			t.Errorf("the span has a text of %d bytes: %.50q", len(text), text)
		}
	})
}

// Without a TracerProvider, messages and contexts are left as they are.
func TestNoTraces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		headers := map[string]string{"traceparent": valid}
		n.Hub(testnet.Handle(func(ctx context.Context, m *protocol.DataMessage) (*protocol.DataMessage, error) {
			if d := gocmp.Diff(headers, m.Headers); d != "" || trace.SpanContextFromContext(ctx).IsValid() {
				t.Errorf("there is a span in the context, or the headers have changed:\n%s", d)
			}
			return nil, nil
		}), nil)
		c := n.Client("a", nil, nil)
		n.Connect(c)
		m := testnet.Command("x")
		m.Headers = headers
		if _, err := c.SendMessage(t.Context(), m, true, 0); err != nil {
			t.Fatal(err)
		}
	})
}
