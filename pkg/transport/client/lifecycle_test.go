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

func TestSendByState(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		hub := n.Hub(testnet.Echo(), nil)
		c := n.Client("a", testnet.Echo(), nil)
		send := func(want qerrors.Code) {
			t.Helper()
			_, err := c.SendMessage(t.Context(), testnet.Command("x"), true, 2*time.Second)
			if qerrors.CodeOf(err) != want || want != qerrors.OK && !errors.Is(err, qerrors.ErrNotSent) {
				t.Errorf("%v: %v, want %v", c.State(), err, want)
			}
		}
		send(qerrors.NotConnected)
		n.Connect(c)
		send(qerrors.OK)
		if err := c.Connect(n.Addr()); qerrors.CodeOf(err) != qerrors.InvalidArgument {
			t.Errorf("a second Connect: %v", err)
		}
		if err := hub.Disconnect("a", "for a test"); err != nil {
			t.Fatal(err)
		}
		<-c.Done()
		if err := c.Err(); qerrors.CodeOf(err) != qerrors.Disconnected || !strings.Contains(err.Error(), "for a test") {
			t.Errorf("the client ended with %v", err)
		}
		send(qerrors.Closed)
		if err := c.Connect(n.Addr()); qerrors.CodeOf(err) != qerrors.Closed {
			t.Errorf("Connect after the end: %v", err)
		}
	})
}

func TestSendWaitsForReconnect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		hub := n.Hub(testnet.Echo(), nil)
		c := n.Client("a", testnet.Echo(), func(c *client.ClientConfig) { c.ReconnectEnabled = true })
		n.Connect(c)
		if err := hub.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		_, err := c.SendMessage(t.Context(), testnet.Command("x"), true, 5*time.Second)
		if qerrors.CodeOf(err) != qerrors.Timeout || !errors.Is(err, qerrors.ErrNotSent) {
			t.Errorf("while there is no hub: %v", err)
		}
		time.AfterFunc(time.Minute, func() { n.Hub(testnet.Echo(), nil) })
		for _, waitAck := range []bool{true, false} {
			if _, err := c.SendMessage(t.Context(), testnet.Command("x"), waitAck, 3*time.Minute); err != nil {
				t.Errorf("once there is one: %v", err)
			}
		}
	})
}

func TestConnectBeforeTheHub(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		impatient := n.Client("impatient", testnet.Echo(), nil)
		if err := impatient.Connect(n.Addr()); !errors.Is(err, qerrors.ErrUnreachable) || impatient.State() != client.StateIdle {
			t.Errorf("got %v, the client is %v", err, impatient.State())
		}
		patient := n.Client("patient", testnet.Echo(), func(c *client.ClientConfig) { c.ReconnectEnabled = true })
		n.Connect(patient)
		n.Hub(testnet.Echo(), nil)
		if _, err := patient.SendMessage(t.Context(), testnet.Command("x"), true, time.Minute); err != nil {
			t.Errorf("the patient one: %v", err)
		}
		if err := impatient.Connect(n.Addr()); err != nil {
			t.Errorf("the other, at its second attempt: %v", err)
		}
	})
}

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
		{"cut off", func(_ *testing.T, n *testnet.Network, c *client.Client) {
			n.Hub(testnet.Echo(), nil)
			n.Connect(c)
			n.Cut("a")
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
		if s := string(stacks[:runtime.Stack(stacks, true)]); strings.Contains(s, "transport/client.(*runner)") {
			t.Fatal("the client's goroutine still runs")
		}
	}
}
