package client_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/voilet/QuicFlow/internal/testnet"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
	"github.com/voilet/QuicFlow/pkg/transport/client"
)

// A message may be sent again with the id of one that nobody waits for any more, and each
// gets its own acknowledgement: which is which does not depend on the id.
func TestRetryWithTheSameID(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		var calls atomic.Int32
		n.Hub(testnet.Handle(func(_ context.Context, m *protocol.DataMessage) (*protocol.DataMessage, error) {
			if m.MsgId != "order-17" {
				t.Errorf("the handler got %q", m.MsgId)
			}
			if calls.Add(1) == 1 {
				time.Sleep(5 * time.Second)
				return &protocol.DataMessage{Payload: []byte("first")}, nil
			}
			time.Sleep(10 * time.Second)
			return &protocol.DataMessage{Payload: []byte("retry")}, nil
		}), nil)
		c := n.Client("a", testnet.Echo(), nil)
		n.Connect(c)
		m := testnet.Command("x")
		m.MsgId = "order-17"
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := c.SendMessage(ctx, m, true, 0); !errors.Is(err, qerrors.ErrTimeout) || !errors.Is(err, qerrors.ErrOutcomeUnknown) {
			t.Fatalf("the first: %v", err)
		}
		ack, err := c.SendMessage(t.Context(), m, true, 0)
		if err != nil || string(ack.Result) != "retry" || ack.MsgId != "order-17" {
			t.Errorf("the retry was acknowledged with %v, %v", ack, err)
		}
		if got := calls.Load(); got != 2 {
			t.Errorf("%d messages were handled, want the first and one retry", got)
		}
	})
}

// A client with a socket of its own opens another for each connection: one that
// has failed does not keep it away.
func TestOwnSocketIsNew(t *testing.T) {
	n := testnet.Loopback(t)
	hub := n.Hub(testnet.Echo(), nil)
	c := n.Client("a", testnet.Echo(), func(c *client.ClientConfig) {
		c.Socket, c.ReconnectEnabled, c.InitialBackoff = nil, true, time.Millisecond
	})
	n.Connect(c)
	remotes := map[string]bool{}
	for range 5 {
		info, ok := hub.Client("a")
		if !ok || remotes[info.RemoteAddr] {
			t.Fatalf("the client is there: %v, from %s after %v", ok, info.RemoteAddr, remotes)
		}
		remotes[info.RemoteAddr] = true
		if err := hub.Disconnect("a", "for a test"); err != nil {
			t.Fatal(err)
		}
		for again, _ := hub.Client("a"); again.RemoteAddr == info.RemoteAddr || again.RemoteAddr == ""; again, _ = hub.Client("a") {
			time.Sleep(time.Millisecond)
		}
	}
}
