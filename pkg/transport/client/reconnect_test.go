package client_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/voilet/QuicFlow/internal/testnet"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
	"github.com/voilet/QuicFlow/pkg/transport/client"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

func TestNetworkIsCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		var atHub, atClient testnet.Events
		hub := n.Hub(testnet.Echo(), func(c *server.ServerConfig) { c.Hooks = atHub.Connections() })
		c := n.Client("a", testnet.Echo(), func(c *client.ClientConfig) { c.ReconnectEnabled, c.Hooks = true, atClient.Connections() })
		n.Connect(c)
		time.Sleep(20 * time.Second)
		n.Cut("a")
		cut := time.Now()
		up, err := c.SendAsync(t.Context(), testnet.Command("x"), time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		down, err := hub.SendAsync(t.Context(), "a", testnet.Command("x"), time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(36 * time.Second)
		if _, there := hub.Client("a"); there {
			t.Error("the hub still has the client")
		}
		if state := c.State(); state != client.StateReconnecting {
			t.Errorf("the client is %v", state)
		}
		// The sender's time is what ends its wait; the hub does not wait for the client to
		// come back for longer than it keeps the session.
		if _, err := up.Result(); !errors.Is(err, qerrors.ErrTimeout) || !errors.Is(err, qerrors.ErrOutcomeUnknown) {
			t.Errorf("up: %v", err)
		}
		if d := time.Since(cut); d < time.Minute || d > time.Minute+time.Second {
			t.Errorf("up had failed after %v", d)
		}
		if _, err := down.Result(); !errors.Is(err, qerrors.ErrConnectionLost) || !errors.Is(err, qerrors.ErrOutcomeUnknown) {
			t.Errorf("down: %v", err)
		}
		if d := time.Since(cut); d < 5*time.Minute+29*time.Second || d > 5*time.Minute+36*time.Second {
			t.Errorf("down had failed after %v", d)
		}
		time.Sleep(10 * time.Minute)
		n.Mend("a")
		if _, err := c.SendMessage(t.Context(), testnet.Command("x"), true, 3*time.Minute); err != nil {
			t.Errorf("after the network was mended: %v", err)
		}
		synctest.Wait()
		if d := cmp.Diff([]string{"connect a", "disconnect a idle_timeout", "connect a"}, atHub.All()); d != "" {
			t.Errorf("events at the hub (-want +got):\n%s", d)
		}
		if events := atClient.All(); len(events) != 4 || events[1] != "disconnect a idle_timeout" {
			t.Errorf("events at the client: %q", events)
		}
		if got := c.GetMetrics(); got.Reconnects != 1 || got.Disconnected[qerrors.IdleTimeout] != 1 {
			t.Errorf("counted %+v", got)
		}
	})
}

// A hub that stops says when to come back, and is back by then.
func TestHubRestarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		hub := n.FakeHub()
		c := n.Client("a", testnet.Echo(), func(c *client.ClientConfig) { c.ReconnectEnabled = true })
		gone := make(chan time.Time, 1)
		go func() {
			p := hub.Welcome(&protocol.Welcome{})
			p.Send(&protocol.Frame{Kind: &protocol.Frame_GoAway{GoAway: &protocol.GoAway{ReconnectAfterMs: 90_000}}})
			for p.Receive().GetGoAway() == nil {
			}
			p.Send(handled(), &protocol.Frame{Kind: &protocol.Frame_Complete{Complete: &protocol.Complete{}}})
			if code := p.Code(); code != qerrors.OK {
				t.Errorf("the client closed with %v", code)
			}
			gone <- time.Now()
		}()
		n.Connect(c)
		time.Sleep(time.Second)
		hub.Welcome(&protocol.Welcome{})
		if d := time.Since(<-gone); d < 90*time.Second || d > 92*time.Second {
			t.Errorf("back after %v", d)
		}
	})
}

func handled() *protocol.Frame {
	return &protocol.Frame{Kind: &protocol.Frame_Handled{Handled: &protocol.Handled{}}}
}

// TestRollingRestart stops a real hub and starts another in its place.
func TestRollingRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		hub := n.Hub(testnet.Echo(), nil)
		clients := make([]*client.Client, 20)
		for i := range clients {
			clients[i] = n.Client(string(rune('a'+i)), testnet.Echo(), func(c *client.ClientConfig) { c.ReconnectEnabled = true })
		}
		n.Connect(clients...)
		if err := hub.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		n.Hub(testnet.Echo(), nil)
		for _, c := range clients {
			if _, err := c.SendMessage(t.Context(), testnet.Command("x"), true, 10*time.Second); err != nil {
				t.Error(err)
			}
		}
	})
}
