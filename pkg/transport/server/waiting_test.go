package server_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/voilet/QuicFlow/internal/testnet"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

// Senders that wait for room in the queue of a client that does not read await no
// acknowledgement yet: they keep nobody from sending to the others.
func TestWaitingSendersHoldNoPromises(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const limit, size = 100, 60_000
		n := testnet.Virtual(t)
		hub := n.Hub(testnet.Echo(), func(c *server.ServerConfig) { c.MaxPromises, c.MaxQueueBytes = limit, 64<<10 })
		n.Connect(n.Client("honest", testnet.Echo(), nil))
		p := n.Dial("deaf")
		p.Send(testnet.Hello("deaf"))
		time.Sleep(time.Second)
		for range 2 * limit {
			go func() {
				_, _ = hub.SendMessage(t.Context(), "deaf", testnet.Command(string(make([]byte, size))), true, time.Minute)
			}()
		}
		time.Sleep(10 * time.Second)
		if _, err := hub.SendMessage(t.Context(), "honest", testnet.Command("x"), true, time.Second); err != nil {
			t.Errorf("with %d promises active: %v", hub.GetMetrics().Promises.Active, err)
		}
		time.Sleep(time.Minute)
	})
}
