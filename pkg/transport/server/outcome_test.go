package server_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/voilet/QuicFlow/internal/testnet"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// Of a group of messages with one context, as errgroup has it, one was not sent:
// that says nothing about the others.
func TestOthersCauseIsNotOurs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		var handled atomic.Int32
		hub := n.Hub(testnet.Echo(), nil)
		n.Connect(n.Client("a", testnet.Handle(func(context.Context, *protocol.DataMessage) (*protocol.DataMessage, error) {
			handled.Add(1)
			time.Sleep(5 * time.Second)
			return nil, nil
		}), nil))
		defer time.Sleep(10 * time.Second) // the handler
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() {
			_, err := hub.SendMessage(ctx, "not there", testnet.Command("x"), true, 0)
			if !errors.Is(err, qerrors.ErrUnknownClient) || !errors.Is(err, qerrors.ErrNotSent) {
				t.Errorf("to nobody: %v", err)
			}
			cancel(fmt.Errorf("the group: %w", err))
		})
		_, err := hub.SendMessage(ctx, "a", testnet.Command("x"), true, 0)
		if handled.Load() != 1 {
			t.Fatal("the message was not handled")
		}
		if !errors.Is(err, qerrors.ErrOutcomeUnknown) || errors.Is(err, qerrors.ErrNotSent) {
			t.Errorf("a message that was handled: %v", err)
		}
		if qerrors.CodeOf(err) != qerrors.Canceled || errors.Is(err, qerrors.ErrUnknownClient) {
			t.Errorf("the code of another message: %v", err)
		}
	})
}

// Handlers learn whom the hub has sent a message to, unless its application says
// something else; a broadcast is for nobody in particular.
func TestReceiverID(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		var mu sync.Mutex
		receivers := map[string]string{}
		note := testnet.Handle(func(_ context.Context, m *protocol.DataMessage) (*protocol.DataMessage, error) {
			mu.Lock()
			defer mu.Unlock()
			receivers[m.MsgId] = m.ReceiverId
			return nil, nil
		})
		hub := n.Hub(note, nil)
		c := n.Client("a", note, nil)
		n.Connect(c)
		message := func(id, receiver string) *protocol.DataMessage {
			m := testnet.Command("x")
			m.MsgId, m.ReceiverId = id, receiver
			return m
		}
		for _, waitAck := range []bool{true, false} {
			for _, m := range []*protocol.DataMessage{message(fmt.Sprint("down ", waitAck), ""), message(fmt.Sprint("named ", waitAck), "b")} {
				if _, err := hub.SendMessage(t.Context(), "a", m, waitAck, 0); err != nil {
					t.Fatal(err)
				}
			}
		}
		if _, err := hub.Broadcast(t.Context(), message("broadcast", "b")); err != nil {
			t.Fatal(err)
		}
		if _, err := c.SendMessage(t.Context(), message("up", ""), true, 0); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		mu.Lock()
		defer mu.Unlock()
		for id, want := range map[string]string{
			"down true": "a", "down false": "a", "named true": "b", "named false": "b", "broadcast": "", "up": "",
		} {
			if got, ok := receivers[id]; !ok || got != want {
				t.Errorf("%s: handled %v, for %q, want %q", id, ok, got, want)
			}
		}
	})
}
