package server_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/voilet/QuicFlow/internal/testnet"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

// A peer's QUIC stack keeps the connection alive; only its silence tells.
func TestHeartbeatRemovesSilentClients(t *testing.T) {
	for _, test := range []struct {
		name    string
		pingAt  time.Duration // one sign of life; none if zero
		removed time.Duration // the third check past 45 s of silence
	}{
		{"never pings", 0, 60 * time.Second},
		{"pings after a strike", 52 * time.Second, 110 * time.Second},
		{"pings after two strikes", 57 * time.Second, 115 * time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := testnet.Virtual(t)
				var events testnet.Events
				hub := n.Hub(testnet.Echo(), func(c *server.ServerConfig) { c.Hooks = events.Connections() })
				honest := n.Client("honest", testnet.Echo(), nil)
				n.Connect(honest)
				begun := time.Now()
				p := n.Dial("silent")
				p.Hello("silent")
				if test.pingAt > 0 {
					time.AfterFunc(test.pingAt, func() { p.Send(testnet.Ping()) })
				}
				if code := p.Code(); code != qerrors.HeartbeatTimeout {
					t.Errorf("closed with %v", code)
				}
				if d := time.Since(begun); d < test.removed-time.Second || d > test.removed+time.Second {
					t.Errorf("removed after %v, want %v", d, test.removed)
				}
				synctest.Wait()
				want := []string{"connect honest", "connect silent", "heartbeat timeout silent", "disconnect silent heartbeat_timeout"}
				if d := cmp.Diff(want, events.All()); d != "" {
					t.Errorf("events (-want +got):\n%s", d)
				}
				if _, ok := hub.Client("honest"); !ok {
					t.Error("a client that does ping was removed too")
				}
			})
		})
	}
}

// A client that has died is seen to be silent before it is given up.
func TestSilenceIsShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		hub := n.Hub(testnet.Echo(), nil)
		n.Connect(n.Client("honest", testnet.Echo(), nil))
		n.Dial("silent").Hello("silent")
		for _, test := range []struct {
			after  time.Duration
			silent bool
		}{{22 * time.Second, false}, {time.Second, true}, {6 * time.Second, true}} {
			time.Sleep(test.after)
			for info := range hub.Clients() {
				if info.Silent != (test.silent && info.ClientID == "silent") {
					t.Errorf("%s, last seen %v ago: silent %v", info.ClientID, time.Since(info.LastSeen), info.Silent)
				}
			}
		}
	})
}

func TestStrikesAreShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		hub := n.Hub(testnet.Echo(), nil)
		n.Dial("silent").Hello("silent")
		time.Sleep(52 * time.Second)
		if info, ok := hub.Client("silent"); !ok || info.Strikes != 1 {
			t.Errorf("got %+v, %v; want one strike", info, ok)
		}
	})
}
