package server_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/voilet/QuicFlow/internal/testnet"
	"github.com/voilet/QuicFlow/pkg/dispatcher"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
	"github.com/voilet/QuicFlow/pkg/transport/client"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

func TestSpansSayWhatBecameOfTheMessage(t *testing.T) {
	const slow = 10 * time.Second
	sleep := func(context.Context, *protocol.DataMessage) (*protocol.DataMessage, error) {
		time.Sleep(slow)
		return nil, nil
	}
	for name, test := range map[string]struct {
		handler dispatcher.HandlerFunc
		kind    protocol.MessageType
		timeout time.Duration
		noAck   bool
		want    string // the errors of sending, processing and handling, or the lack of the span
		text    string // in the first of them
	}{
		"handled":       {handler: echo, want: "- - -"},
		"not asked for": {handler: echo, noAck: true, want: "- - -"},
		"error": {handler: func(context.Context, *protocol.DataMessage) (*protocol.DataMessage, error) {
			return nil, errors.New("the disk is full")
		}, want: "handler_failed handler_failed handler_failed", text: "the disk is full"},
		"error, not asked for": {noAck: true, handler: func(context.Context, *protocol.DataMessage) (*protocol.DataMessage, error) {
			return nil, errors.New("the disk is full")
		}, want: "- handler_failed handler_failed"},
		"panic": {handler: panicking, want: "handler_panic handler_panic handler_panic", text: "no such job"},
		"goroutine ended": {handler: func(context.Context, *protocol.DataMessage) (*protocol.DataMessage, error) {
			runtime.Goexit()
			return nil, nil
		}, want: "handler_panic handler_panic handler_panic"},
		"no handler":      {handler: echo, kind: protocol.MessageType_MESSAGE_TYPE_EVENT, want: "no_handler no_handler", text: "no handler is registered"},
		"handler's time":  {handler: sleep, want: "handler_timeout handler_timeout -"},
		"sender's time":   {handler: sleep, timeout: time.Second, want: "timeout deadline_passed -", text: "no acknowledgement within"},
		"result too long": {handler: tooLong, want: "payload_too_large payload_too_large -", text: "over the sender's limit"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n, tr := testnet.Virtual(t), newTraces()
				hub := n.Hub(nil, func(c *server.ServerConfig) { tr.hub(c); c.MaxPayload = 1000 })
				n.Connect(n.Client("a", testnet.HandleWith(dispatcher.Config{Timeout: 5 * time.Second}, test.handler), tr.client))
				m := testnet.Command("x")
				if test.kind != 0 {
					m.Type = test.kind
				}
				_, _ = hub.SendMessage(t.Context(), "a", m, !test.noAck, test.timeout)
				time.Sleep(2 * slow)
				var got []string
				for _, span := range []string{"send", "process", "handle"} {
					for _, ended := range tr.Ended() {
						if strings.HasPrefix(ended.Name(), span) {
							_, reason, failed := strings.Cut(describe(ended), m.Type.Name()+": ")
							if !failed {
								reason = "-"
							}
							got = append(got, reason)
						}
					}
				}
				if text := strings.Join(got, " "); text != test.want {
					t.Errorf("errors of sending, processing and handling are %s, want %s", text, test.want)
				}
				for _, ended := range tr.Ended() {
					if text := ended.Status().Description; strings.HasPrefix(ended.Name(), "send") && !strings.Contains(text, test.text) {
						t.Errorf("the sender's span says %q, want %q", text, test.text)
					}
				}
			})
		})
	}
}

func echo(_ context.Context, m *protocol.DataMessage) (*protocol.DataMessage, error) {
	return &protocol.DataMessage{Payload: m.Payload}, nil
}

func tooLong(context.Context, *protocol.DataMessage) (*protocol.DataMessage, error) {
	return &protocol.DataMessage{Payload: make([]byte, 1001)}, nil
}

// A message that never leaves has a span that says why.
func TestSpansOfMessagesThatAreNotSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, tr := testnet.Virtual(t), newTraces()
		hub := n.Hub(nil, tr.hub)
		for _, waitAck := range []bool{true, false} {
			if _, err := hub.SendMessage(t.Context(), "nobody", testnet.Command("x"), waitAck, 0); !errors.Is(err, qerrors.ErrUnknownClient) {
				t.Errorf("to nobody: %v", err)
			}
		}
		m := testnet.Command("x")
		m.MsgId = "7\xff"
		if _, err := hub.Broadcast(t.Context(), m); !errors.Is(err, qerrors.ErrInvalidArgument) {
			t.Errorf("what cannot be encoded: %v", err)
		}
		tr.expect(t,
			"hub: send command: invalid_argument",
			"hub: send command: unknown_client",
			"hub: send command: unknown_client")
		if id := attributes(tr.find(t, "hub: send command: invalid_argument"))["messaging.message.id"]; id != "7\uFFFD" {
			t.Errorf("the id in the span is %q, want one that can be exported", id)
		}
	})
}

// A broadcast is one message, whose span all receivers share, and one that was left
// out makes it a failure.
func TestTraceOfABroadcast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, tr := testnet.Virtual(t), newTraces()
		hub := n.Hub(nil, func(c *server.ServerConfig) { tr.hub(c); c.MaxQueueBytes = 1000 })
		n.Connect(n.Client("a", testnet.Echo(), tr.client), n.Client("b", testnet.Echo(), tr.client))
		broadcast := func() {
			if _, err := hub.Broadcast(t.Context(), testnet.Command(string(make([]byte, 50_000)))); err != nil {
				t.Fatal(err)
			}
		}
		broadcast()
		time.Sleep(time.Second)
		both := []string{
			"hub: send command",
			"  a: process command", "    a: handle command",
			"  b: process command", "    b: handle command",
		}
		tr.expect(t, both...)
		n.Cut("b")
		for hub.GetMetrics().Dropped[qerrors.QueueFull] == 0 {
			broadcast()
			time.Sleep(time.Second)
		}
		span := tr.find(t, "hub: send command: _OTHER")
		if got := span.Status().Description; got != "1 of 2 clients were left out" {
			t.Errorf("the span says %q", got)
		}
		if got := attributes(span); got["quic_backbone.broadcast.clients"] != "2" || got["quic_backbone.broadcast.left_out"] != "1" || got["messaging.client.id"] != "" {
			t.Errorf("the attributes are %v", got)
		}
	})
}

// A message has one span, however long it waits for a connection; one whose
// connection is lost fails; and none of them stays open when all is over.
func TestTracesAcrossConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, tr := testnet.Virtual(t), newTraces()
		hub := n.Hub(testnet.Echo(), tr.hub)
		c := n.Client("a", nil, func(c *client.ClientConfig) { tr.client(c); c.ReconnectEnabled = true })
		n.Connect(c)
		n.Cut("a")
		if _, err := c.SendMessage(t.Context(), testnet.Command("x"), true, time.Minute); !errors.Is(err, qerrors.ErrTimeout) {
			t.Errorf("without a network: %v", err)
		}
		time.AfterFunc(10*time.Minute, func() { n.Mend("a") })
		if _, err := c.SendMessage(t.Context(), testnet.Command("x"), true, time.Hour); err != nil {
			t.Errorf("across a reconnect: %v", err)
		}
		if _, err := c.SendAsync(t.Context(), testnet.Command("x"), time.Hour); err != nil {
			t.Error(err)
		}
		if err := errors.Join(c.Close(t.Context()), hub.Stop(t.Context())); err != nil {
			t.Error(err)
		}
		handled := []string{"a: send command", "  hub: process command", "    hub: handle command"}
		tr.expect(t, append(append([]string{"a: send command: timeout"}, handled...), handled...)...)
	})
}

// A panic passes through the handler's span: the log still says where it was.
func TestSpanOfAPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, tr := testnet.Virtual(t), newTraces()
		var log bytes.Buffer
		d := dispatcher.NewDispatcher(&dispatcher.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))})
		d.RegisterHandler(protocol.MessageType_MESSAGE_TYPE_COMMAND, dispatcher.HandlerFunc(panicking))
		n.Hub(d, tr.hub)
		c := n.Client("a", nil, tr.client)
		n.Connect(c)
		if _, err := c.SendMessage(t.Context(), testnet.Command("x"), true, 0); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(log.String(), "server_test.panicking(") {
			t.Errorf("the log does not name the function that panicked: %s", &log)
		}
		if text := tr.find(t, "hub: process command: handler_panic").Status().Description; text != "the handler panicked: no such job" {
			t.Errorf("the span says %q", text)
		}
	})
}

func panicking(context.Context, *protocol.DataMessage) (*protocol.DataMessage, error) {
	panic("no such job")
}

// A message that has arrived when the connection ends, and no worker could take, has
// a span that says so.
func TestSpanOfAMessageThatNobodyTook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, tr := testnet.Virtual(t), newTraces()
		release := make(chan struct{})
		hub := n.Hub(testnet.HandleWith(dispatcher.Config{Workers: 1, QueueSize: 1}, blocked(release)), tr.hub)
		c := n.Client("a", nil, nil)
		n.Connect(c)
		for range 3 { // for the worker, the queue, and the one that waits for room there
			if _, err := c.SendAsync(t.Context(), testnet.Command("x"), 0); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Second)
		if err := hub.Disconnect("a", "enough"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		close(release)
		synctest.Wait()
		handled := []string{"hub: process command", "  hub: handle command"}
		tr.expect(t, append(append(handled, handled...), "hub: process command: disconnected")...)
	})
}
