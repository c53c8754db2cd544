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

// A retry with the id of a message that nobody waits for any more is refused until
// that one's acknowledgement has come, so that it cannot be taken for the retry's.
func TestRetryWithTheSameID(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		var calls atomic.Int32
		n.Hub(testnet.Handle(func(context.Context, *protocol.DataMessage) (*protocol.DataMessage, error) {
			if calls.Add(1) == 1 {
				time.Sleep(5 * time.Second)
				return &protocol.DataMessage{Payload: []byte("first")}, nil
			}
			return &protocol.DataMessage{Payload: []byte("retry")}, nil
		}), nil)
		c := n.Client("a", testnet.Echo(), nil)
		n.Connect(c)
		defer time.Sleep(10 * time.Second) // the first handler, which its sender's timeout does not end
		m := testnet.Command("x")
		m.MsgId = "order-17"
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := c.SendMessage(ctx, m, true, 0); !errors.Is(err, qerrors.ErrTimeout) || !errors.Is(err, qerrors.ErrOutcomeUnknown) {
			t.Fatalf("the first: %v", err)
		}
		for i := 0; ; i++ {
			ack, err := c.SendMessage(t.Context(), m, true, 0)
			if err == nil {
				if string(ack.Result) != "retry" || i == 0 {
					t.Errorf("retry %d was acknowledged with %q", i, ack.Result)
				}
				break
			}
			if !errors.Is(err, qerrors.ErrDuplicateMessage) || !errors.Is(err, qerrors.ErrNotSent) || i > 100 {
				t.Fatalf("retry %d: %v", i, err)
			}
			time.Sleep(100 * time.Millisecond)
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
