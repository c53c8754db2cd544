package server_test

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quic-go/quic-go"

	"github.com/voilet/QuicFlow/internal/testnet"
	"github.com/voilet/QuicFlow/pkg/dispatcher"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

// A peer may not stop the hub's lanes.
func TestStopSending(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		hub := n.Hub(testnet.Echo(), nil)
		p := n.Dial("hostile")
		p.Send(testnet.Hello("hostile"))
		lane, err := p.Conn.AcceptUniStream(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		lane.CancelRead(quic.StreamErrorCode(7))
		time.Sleep(time.Second)
		p.Send(testnet.Ping(), testnet.Ping())
		if code := p.Code(); code != qerrors.ProtocolViolation {
			t.Errorf("closed with %v", code)
		}
		if got := hub.GetMetrics().Disconnected; got[qerrors.ProtocolViolation] != 1 {
			t.Errorf("disconnected %v", got)
		}
	})
}

// Without Taken, a side may have eight large frames under way.
func TestNinthLargeFrame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		release := make(chan struct{})
		n.Hub(testnet.HandleWith(dispatcher.Config{Workers: 1, QueueSize: 1}, func(context.Context, *protocol.DataMessage) (*protocol.DataMessage, error) {
			<-release
			return nil, nil
		}), nil)
		defer close(release)
		p := n.Dial("hostile")
		p.Hello("hostile")
		for i := range 11 { // one is handled, one is queued, and eight are read
			s := p.Open()
			go func() { _, _ = s.Write(testnet.Encode(testnet.Data(fmt.Sprint(i), make([]byte, 100<<10)))) }()
		}
		if code := p.Code(); code != qerrors.ProtocolViolation {
			t.Errorf("closed with %v", code)
		}
	})
}

// heap returns the bytes of live objects.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// A peer that asks for answers and does not read them is not asked to wait for
// them in the hub's memory.
func TestFloodOfPings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		hub := n.Hub(testnet.Echo(), func(c *server.ServerConfig) { c.MaxQueueBytes = 64 << 10 })
		honest := n.Client("honest", testnet.Echo(), nil)
		n.Connect(honest)
		p := n.Dial("hostile")
		p.Send(testnet.Hello("hostile"))
		pings := make([]*protocol.Frame, 10000)
		for i := range pings {
			pings[i] = testnet.Ping()
		}
		batch := testnet.Encode(pings...)
		before := heap()
		go func() {
			for range 40 {
				p.Write(batch)
			}
		}()
		// It never reads, so its own flood stops it; then it is silent.
		if code := p.Code(); code != qerrors.HeartbeatTimeout {
			t.Errorf("closed with %v", code)
		}
		if after := heap(); after > before+16<<20 {
			t.Errorf("the hub holds %d KiB more", (after-before)>>10)
		}
		if _, err := honest.SendMessage(t.Context(), testnet.Command("x"), true, 0); err != nil {
			t.Error(err)
		}
		if got := hub.GetMetrics().Disconnected; got[qerrors.HeartbeatTimeout] != 1 {
			t.Errorf("disconnected %v", got)
		}
	})
}

// Streams that stop after a byte must not cost a buffer each.
func TestManyStreamsThatNeverGoOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		n.Hub(testnet.Echo(), nil)
		p := n.Dial("hostile")
		p.Hello("hostile")
		before := heap()
		for range 990 {
			_, _ = p.Open().Write([]byte{0xff})
		}
		time.Sleep(time.Second)
		if after := heap(); after > before+16<<20 {
			t.Errorf("990 bytes hold %d KiB", (after-before)>>10)
		}
	})
}

// A client that never reads gets what fits its queue; the others get everything.
func TestBroadcastToADeafClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		hub := n.Hub(testnet.Echo(), func(c *server.ServerConfig) { c.MaxQueueBytes = 256 << 10 })
		var received testnet.Counter
		n.Connect(n.Client("a", received.Dispatcher(), nil), n.Client("b", received.Dispatcher(), nil))
		deaf := n.Dial("deaf")
		deaf.Send(testnet.Hello("deaf"))
		time.Sleep(time.Second)
		before := heap()
		skipped := uint64(0)
		const rounds = 200
		for range rounds {
			result, err := hub.Broadcast(t.Context(), testnet.Command(string(make([]byte, 30<<10))))
			if err != nil || result.Total != 3 || result.Delivered+len(result.Failed) != 3 {
				t.Fatalf("got %+v, %v", result, err)
			}
			if err, failed := result.Failed["deaf"]; failed {
				skipped++
				if qerrors.CodeOf(err) != qerrors.QueueFull {
					t.Errorf("skipped because of %v", err)
				}
			}
			time.Sleep(50 * time.Millisecond)
		}
		time.Sleep(time.Second)
		if got := received.Load(); got != 2*rounds {
			t.Errorf("the others got %d of %d", got, 2*rounds)
		}
		if got := hub.GetMetrics().Dropped; skipped == 0 || got[qerrors.QueueFull] != skipped || len(got) != 1 {
			t.Errorf("%d skipped, counted %v", skipped, got)
		}
		if after := heap(); after > before+8<<20 {
			t.Errorf("%d KiB are held", (after-before)>>10)
		}
	})
}
