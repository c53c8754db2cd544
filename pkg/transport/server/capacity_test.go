package server_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/voilet/QuicFlow/internal/testnet"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/transport/client"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

func TestMaxClients(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		hub := n.Hub(testnet.Echo(), func(c *server.ServerConfig) { c.MaxClients = 2 })
		a, b := n.Client("a", testnet.Echo(), nil), n.Client("b", testnet.Echo(), nil)
		n.Connect(a, b)
		if err := n.Client("c", testnet.Echo(), nil).Connect(n.Addr()); qerrors.CodeOf(err) != qerrors.TooManyClients {
			t.Errorf("the third got %v", err)
		}
		patient := n.Client("d", testnet.Echo(), func(c *client.ClientConfig) { c.ReconnectEnabled = true })
		n.Connect(patient)
		time.Sleep(time.Minute)
		if state := patient.State(); state != client.StateConnecting {
			t.Errorf("a client that waits for a place is %v", state)
		}
		if got := hub.GetMetrics().Refused[qerrors.TooManyClients]; got < 2 {
			t.Errorf("%d were counted as refused", got)
		}
		// One that takes over needs no place of its own.
		n.Connect(n.Client("another a", testnet.Echo(), func(c *client.ClientConfig) { c.ClientID = "a" }))
		if err := b.Close(t.Context()); err != nil {
			t.Error(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		defer cancel()
		if _, err := patient.SendMessage(ctx, testnet.Command("x"), true, 0); err != nil {
			t.Errorf("after a place was free: %v", err)
		}
	})
}

// What a client that is not let in has sent with its hello is not handled.
func TestRefusedClientIsNotServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		var handled testnet.Counter
		hub := n.Hub(handled.Dispatcher(), func(c *server.ServerConfig) { c.MaxClients = 1 })
		n.Connect(n.Client("a", testnet.Echo(), nil))
		p := n.Dial("b")
		p.Send(testnet.Hello("b"), testnet.Data("1", nil), testnet.Data("2", nil))
		if code := p.Code(); code != qerrors.TooManyClients {
			t.Errorf("closed with %v", code)
		}
		time.Sleep(time.Second)
		if n := handled.Load(); n != 0 {
			t.Errorf("%d of its messages were handled", n)
		}
		if got := hub.GetMetrics(); got.MessagesReceived != 0 || len(got.Refused) != 1 {
			t.Errorf("counted %+v", got)
		}
	})
}
