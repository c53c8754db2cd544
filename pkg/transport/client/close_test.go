package client_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/voilet/QuicFlow/internal/testnet"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
	"github.com/voilet/QuicFlow/pkg/transport/client"
)

// Close wherever the client is: it returns, and with it everything ends.
func TestCloseByState(t *testing.T) {
	for _, test := range []struct {
		name string
		to   func(t *testing.T, n *testnet.Network, c *client.Client)
		code qerrors.Code
	}{
		{"idle", func(*testing.T, *testnet.Network, *client.Client) {}, qerrors.OK},
		{"connecting", func(_ *testing.T, n *testnet.Network, c *client.Client) {
			n.Cut("a")
			go func() { _ = c.Connect(n.Addr()) }()
			time.Sleep(time.Second)
		}, qerrors.OK},
		{"saying hello", func(_ *testing.T, n *testnet.Network, c *client.Client) {
			go n.FakeHub().Accept()
			go func() { _ = c.Connect(n.Addr()) }()
			time.Sleep(time.Second)
		}, qerrors.OK},
		{"between attempts", func(_ *testing.T, n *testnet.Network, c *client.Client) {
			n.Cut("a")
			n.Connect(c)
		}, qerrors.OK},
		{"connected", func(_ *testing.T, n *testnet.Network, c *client.Client) {
			n.Hub(testnet.Echo(), nil)
			n.Connect(c)
		}, qerrors.OK},
		{"cut off with nothing under way", func(_ *testing.T, n *testnet.Network, c *client.Client) {
			n.Hub(testnet.Echo(), nil)
			n.Connect(c)
			n.Cut("a")
		}, qerrors.OK},
		{"cut off after a message that may be lost", func(t *testing.T, n *testnet.Network, c *client.Client) {
			n.Hub(testnet.Echo(), nil)
			n.Connect(c)
			n.Cut("a")
			if _, err := c.SendMessage(t.Context(), testnet.Command("x"), false, 0); err != nil {
				t.Fatal(err)
			}
		}, qerrors.Timeout},
		{"with a handler that runs", func(t *testing.T, n *testnet.Network, c *client.Client) {
			hub := n.Hub(testnet.Echo(), nil)
			c.SetDispatcher(testnet.Handle(func(ctx context.Context, _ *protocol.DataMessage) (*protocol.DataMessage, error) {
				<-ctx.Done()
				return nil, ctx.Err()
			}))
			n.Connect(c)
			if _, err := hub.SendMessage(t.Context(), "a", testnet.Command("x"), false, 0); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
		}, qerrors.Timeout},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := testnet.Virtual(t)
				c := n.Client("a", testnet.Echo(), func(c *client.ClientConfig) { c.ReconnectEnabled = true })
				test.to(t, n, c)
				ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
				defer cancel()
				begun := time.Now()
				if err := c.Close(ctx); qerrors.CodeOf(err) != test.code {
					t.Errorf("Close: %v, want %v", err, test.code)
				}
				if d := time.Since(begun); d > 3*time.Second+100*time.Millisecond {
					t.Errorf("Close took %v", d)
				}
				<-c.Done()
				if err := c.Close(t.Context()); err != nil {
					t.Errorf("a second Close: %v", err)
				}
				if _, err := c.SendMessage(t.Context(), testnet.Command("x"), true, 0); !errors.Is(err, qerrors.ErrClosed) {
					t.Errorf("a send afterwards: %v", err)
				}
			})
		})
	}
}

func TestCloseWaitsForHandlers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		hub := n.Hub(testnet.Echo(), nil)
		var done atomic.Bool
		c := n.Client("a", testnet.Handle(func(context.Context, *protocol.DataMessage) (*protocol.DataMessage, error) {
			time.Sleep(10 * time.Second)
			done.Store(true)
			return &protocol.DataMessage{Payload: []byte("done")}, nil
		}), nil)
		n.Connect(c)
		promise, err := hub.SendAsync(t.Context(), "a", testnet.Command("x"), 0)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		if err := c.Close(t.Context()); err != nil || !done.Load() {
			t.Errorf("Close: %v; the handler has ended: %v", err, done.Load())
		}
		if ack, err := promise.Result(); string(ack.GetResult()) != "done" {
			t.Errorf("%v, %v", ack, err)
		}
	})
}

// When Close returns, nothing of a client with a socket of its own runs any more.
func TestCloseLeavesNothing(t *testing.T) {
	n := testnet.Loopback(t)
	n.Hub(testnet.Echo(), nil)
	stacks := make([]byte, 1<<20)
	for range 50 {
		c := n.Client("a", testnet.Echo(), func(c *client.ClientConfig) { c.Socket = nil })
		n.Connect(c)
		if err := c.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		running := func() bool {
			return strings.Contains(string(stacks[:runtime.Stack(stacks, true)]), "transport/client.(*runner)")
		}
		for tries := 0; running(); tries++ { // one that has said that it ends may have yet to do so
			if tries == 100 {
				t.Fatalf("a goroutine of the client still runs: %s", stacks)
			}
			runtime.Gosched()
		}
	}
}
