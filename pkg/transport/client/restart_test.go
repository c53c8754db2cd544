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
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

// A hub that was cut off in the middle of its work, and begins anew, knows nothing of
// what it had received: the outcome is unknown. What may be handled twice is sent again.
func TestHubBeginsAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		var handled atomic.Int32
		handler := func(ctx context.Context, _ *protocol.DataMessage) (*protocol.DataMessage, error) {
			if handled.Add(1) <= 2 {
				<-ctx.Done() // for as long as the hub lives
			}
			return nil, nil
		}
		hub := n.Hub(testnet.Handle(handler), nil)
		c := n.Client("a", nil, func(c *client.ClientConfig) { c.ReconnectEnabled = true })
		n.Connect(c)
		once, err := c.SendAsync(t.Context(), testnet.Command("x"), time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		m := testnet.Command("x")
		m.Idempotent = true
		again, err := c.SendAsync(t.Context(), m, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		m.Payload[0] = 'y' // SendAsync has a copy
		time.Sleep(time.Second)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		n.Cut("a") // the hub cannot say anything
		if err := hub.Stop(ctx); err == nil {
			t.Fatal("the hub has stopped in order")
		}
		n.Hub(testnet.Handle(handler), nil)
		n.Mend("a")
		if _, err := once.Result(); !errors.Is(err, qerrors.ErrConnectionLost) || !errors.Is(err, qerrors.ErrOutcomeUnknown) {
			t.Errorf("the message that must not be handled twice: %v", err)
		}
		if ack, err := again.Result(); err != nil || ack.Status != protocol.AckStatus_ACK_STATUS_SUCCESS {
			t.Errorf("the idempotent one: %v, %v", ack, err)
		}
		if n := handled.Load(); n != 3 {
			t.Errorf("handled %d times", n)
		}
	})
}

// The same the other way: a client process that begins anew is another session.
func TestClientBeginsAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		hub := n.Hub(nil, nil)
		n.Connect(n.Client("a", testnet.Echo(), nil))
		n.Cut("a")
		once, err := hub.SendAsync(t.Context(), "a", testnet.Command("x"), time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		m := testnet.Command("x")
		m.Idempotent = true
		again, err := hub.SendAsync(t.Context(), "a", m, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		second, err := client.NewClient(&client.ClientConfig{
			ClientID: "a", TLSCAFile: n.Dir() + "/ca.crt", Socket: client.NewSocket(n.Listen("elsewhere")),
		})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = second.Close(t.Context()) }()
		second.SetDispatcher(testnet.Echo())
		n.Connect(second)
		if _, err := once.Result(); !errors.Is(err, qerrors.ErrConnectionLost) || !errors.Is(err, qerrors.ErrOutcomeUnknown) {
			t.Errorf("the message that must not be handled twice: %v", err)
		}
		if _, err := again.Result(); err != nil {
			t.Errorf("the idempotent one: %v", err)
		}
	})
}

// A hub can send its clients to another one. Who cannot connect there comes back.
func TestReconnectAddress(t *testing.T) {
	n := testnet.Loopback(t)
	there := n.Listen("another hub")
	hub := n.Hub(testnet.Echo(), func(c *server.ServerConfig) {
		c.ReconnectAddress, c.ReconnectWindow = there.LocalAddr().String(), time.Millisecond
	})
	c := n.Client("a", testnet.Echo(), func(c *client.ClientConfig) {
		c.ReconnectEnabled, c.InitialBackoff, c.HandshakeTimeout = true, time.Millisecond, 200*time.Millisecond
	})
	n.Connect(c)
	send := func() {
		t.Helper()
		if _, err := c.SendMessage(t.Context(), testnet.Command("x"), true, time.Minute); err != nil {
			t.Error(err)
		}
	}
	other := n.HubOn(there, testnet.Echo(), func(c *server.ServerConfig) {
		c.ReconnectAddress, c.ReconnectWindow = "127.0.0.1:1", time.Millisecond // nobody is there
	})
	if err := hub.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	send()
	if _, ok := other.Client("a"); !ok {
		t.Error("the client is not at the other hub")
	}
	back := n.Hub(testnet.Echo(), nil)
	if err := other.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	send()
	if _, ok := back.Client("a"); !ok {
		t.Error("the client is not back")
	}
}
