package server_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/voilet/QuicFlow/internal/testnet"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/monitoring"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

// Clients that never read share what may wait for all; those that read get everything.
func TestManyDeafClients(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		const total, size, rounds, deaf = 4 << 20, 30 << 10, 200, 20
		hub := n.Hub(testnet.Echo(), func(c *server.ServerConfig) { c.MaxQueueBytesTotal = total })
		var received testnet.Counter
		n.Connect(n.Client("a", received.Dispatcher(), nil), n.Client("b", received.Dispatcher(), nil))
		peers := make([]*testnet.Peer, deaf)
		for i := range peers {
			peers[i] = n.Dial(fmt.Sprint("deaf", i))
			peers[i].Send(testnet.Hello(fmt.Sprint("deaf", i)))
		}
		time.Sleep(time.Second)
		skipped := uint64(0)
		for range rounds {
			result, err := hub.Broadcast(t.Context(), testnet.Command(string(make([]byte, size))))
			if err != nil || result.Total != deaf+2 {
				t.Fatalf("got %+v, %v", result, err)
			}
			for id, err := range result.Failed {
				skipped++
				if !errors.Is(err, qerrors.ErrQueueFull) || !strings.HasPrefix(id, "deaf") || !strings.Contains(err.Error(), "MaxQueueBytesTotal") {
					t.Errorf("%s was skipped because of %v", id, err)
				}
			}
			time.Sleep(50 * time.Millisecond)
		}
		if got := received.Load(); got != 2*rounds {
			t.Errorf("the others got %d of %d", got, 2*rounds)
		}
		// Each may have one message more than its part.
		if got := hub.GetMetrics().OutgoingBytes; got < total || got > total+deaf*(size+16<<10) {
			t.Errorf("%d KiB wait", got>>10)
		}
		// A send waits for room as long as it may, and an urgent message has its own.
		_, err := hub.SendMessage(t.Context(), "deaf0", testnet.Command("x"), false, time.Second)
		if !errors.Is(err, qerrors.ErrQueueFull) || !errors.Is(err, qerrors.ErrNotSent) || !strings.Contains(err.Error(), "MaxQueueBytesTotal") {
			t.Errorf("a send to one of them: %v", err)
		}
		limited(t, hub, counts{monitoring.LimitQueues: skipped + 1})
		for _, p := range peers {
			_ = p.Conn.CloseWithError(0, "")
		}
		time.Sleep(time.Second)
		if used := server.Share(hub); used != 0 {
			t.Errorf("%d bytes count for connections that have ended", used)
		}
	})
}
