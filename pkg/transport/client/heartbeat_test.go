package client_test

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/voilet/QuicFlow/internal/testnet"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
	"github.com/voilet/QuicFlow/pkg/transport/client"
)

func TestPingInterval(t *testing.T) {
	for _, test := range []struct {
		name      string
		tolerated time.Duration // what the hub's welcome says
		own       time.Duration // HeartbeatInterval
		pings     int64         // in 50 s
	}{
		{"default", 0, 0, 3},
		{"the hub tolerates more", time.Hour, 0, 3},
		{"the hub asks for more often", 8 * time.Second, 0, 12},
		{"configured", 0, 5 * time.Second, 10},
		{"absurd", 1 << 62, 0, 3},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := testnet.Virtual(t)
				hub := n.FakeHub()
				c := n.Client("a", testnet.Echo(), func(c *client.ClientConfig) { c.HeartbeatInterval = test.own })
				var pings atomic.Int64
				go func() {
					p := hub.Welcome(&protocol.Welcome{HeartbeatTimeoutMs: uint64(test.tolerated.Milliseconds())})
					for p.Receive().GetPing() != nil {
						pings.Add(1)
					}
				}()
				n.Connect(c)
				time.Sleep(50*time.Second + time.Second/2)
				if n := pings.Load(); n != test.pings {
					t.Errorf("%d pings, want %d", n, test.pings)
				}
			})
		})
	}
}

// A hub whose process hangs while its QUIC stack lives is left, and found again.
func TestHubHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		hub := n.FakeHub()
		code := make(chan qerrors.Code, 1)
		go func() {
			code <- hub.Welcome(&protocol.Welcome{}).Code()
			p := hub.Welcome(&protocol.Welcome{})
			for f := p.Receive(); f != nil; f = p.Receive() { // this one is well
				p.Send(&protocol.Frame{Kind: &protocol.Frame_Pong{Pong: &protocol.Pong{}}})
			}
		}()
		var events testnet.Events
		c := n.Client("a", testnet.Echo(), func(c *client.ClientConfig) { c.ReconnectEnabled, c.Hooks = true, events.Connections() })
		begun := time.Now()
		n.Connect(c)
		if got := <-code; got != qerrors.HeartbeatTimeout {
			t.Errorf("the client closed with %v", got)
		}
		if d := time.Since(begun); d < 55*time.Second || d > 61*time.Second {
			t.Errorf("the client left after %v", d)
		}
		time.Sleep(10 * time.Minute)
		if state := c.State(); state != client.StateConnected {
			t.Errorf("the client is %v", state)
		}
		synctest.Wait()
		want := []string{"connect a", "heartbeat timeout a", "disconnect a heartbeat_timeout", "connect a", "reconnect a 1"}
		if d := cmp.Diff(want, events.All()); d != "" {
			t.Errorf("events (-want +got):\n%s", d)
		}
	})
}

// An idle connection stays, with nothing but heartbeats on it.
func TestIdleConnectionStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		n.Impair(testnet.Impairment{Loss: 0.02, Seed: 1})
		hub := n.Hub(testnet.Echo(), nil)
		c := n.Client("a", testnet.Echo(), nil)
		n.Connect(c)
		time.Sleep(6 * time.Hour)
		if info, ok := hub.Client("a"); !ok || c.State() != client.StateConnected || info.Strikes > 0 {
			t.Errorf("the hub has %+v, the client is %v: %v", info, c.State(), c.Err())
		}
	})
}
