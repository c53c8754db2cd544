package server_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/voilet/QuicFlow/internal/testnet"
	"github.com/voilet/QuicFlow/pkg/dispatcher"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/monitoring"
	"github.com/voilet/QuicFlow/pkg/protocol"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

// While ten messages wait for the only worker, it shows.
func TestQueueMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		release := make(chan struct{})
		hub := n.Hub(testnet.HandleWith(dispatcher.Config{Workers: 1, QueueSize: 20}, blocked(release)), nil)
		c := n.Client("a", nil, nil)
		n.Connect(c)
		var promises []interface {
			Result() (*protocol.AckMessage, error)
		}
		for range 11 {
			p, err := c.SendAsync(t.Context(), testnet.Command("x"), time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			promises = append(promises, p)
		}
		time.Sleep(time.Second)
		m := hub.GetMetrics()
		counted(t, "queued", m.DispatcherQueued, 10)
		counted(t, "capacity", m.DispatcherCapacity, 20)
		counted(t, "busy", m.DispatcherBusy, 1)
		counted(t, "workers", m.DispatcherWorkers, 1)
		counted(t, "active promises of the client", c.GetMetrics().Promises.Active, 11)
		close(release)
		for _, p := range promises {
			if _, err := p.Result(); err != nil {
				t.Error(err)
			}
		}
		m = hub.GetMetrics()
		counted(t, "waits", m.QueueWait.Count, 11)
		if m.QueueWait.P50 < 900*time.Millisecond || m.HandlerDuration.P99 < 900*time.Millisecond || m.HandlerDuration.P50 > time.Millisecond {
			t.Errorf("waited %+v, handled in %+v; the first handler took a second, and the others waited for it", m.QueueWait, m.HandlerDuration)
		}
		counted(t, "handled", m.Handled[monitoring.Answer{
			Type: protocol.MessageType_MESSAGE_TYPE_COMMAND, Status: protocol.AckStatus_ACK_STATUS_SUCCESS,
		}], 11)
		counted(t, "round trips", c.GetMetrics().RoundTrips[protocol.MessageType_MESSAGE_TYPE_COMMAND].Count, 11)
	})
}

// What cannot be encoded or decoded is counted where it was noticed.
func TestCodecMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		hub := n.Hub(testnet.Echo(), nil)
		c := n.Client("a", nil, nil)
		n.Connect(c)
		for _, size := range []int{1, 100_000} { // in a lane, and on a stream of its own
			bad := testnet.Command(string(make([]byte, size)))
			bad.OrderingKey = "\xff"
			if _, err := c.SendMessage(t.Context(), bad, true, 0); qerrors.CodeOf(err) != qerrors.InvalidArgument {
				t.Errorf("text that is no UTF-8: %v", err)
			}
			if _, err := hub.Broadcast(t.Context(), bad); qerrors.CodeOf(err) != qerrors.InvalidArgument {
				t.Errorf("text that is no UTF-8 in a broadcast: %v", err)
			}
		}
		counted(t, "encoding errors of the client", c.GetMetrics().EncodingErrors, 2)
		counted(t, "failed sends of the client", c.GetMetrics().Failed[qerrors.InvalidArgument], 2)
		counted(t, "encoding errors of the hub", hub.GetMetrics().EncodingErrors, 2)

		p := n.Dial("raw")
		p.Hello("raw")
		p.Write([]byte{3, 0xff, 0xff, 0xff})
		if code := p.Code(); code != qerrors.ProtocolViolation {
			t.Errorf("closed with %v", code)
		}
		before := n.Dial("before its hello")
		before.Write([]byte{3, 0xff, 0xff, 0xff})
		before.Code()
		counted(t, "decoding errors", hub.GetMetrics().DecodingErrors, 2)
		counted(t, "network errors", len(hub.GetMetrics().NetworkErrors), 0)
	})
}

func TestBroadcastMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		hub := n.Hub(nil, nil)
		n.Connect(n.Client("a", nil, nil), n.Client("b", nil, nil))
		for range 3 {
			if _, err := hub.Broadcast(t.Context(), testnet.Command("12345")); err != nil {
				t.Fatal(err)
			}
		}
		m := hub.GetMetrics()
		counted(t, "broadcasts", m.Broadcasts, 3)
		counted(t, "targets", m.BroadcastTargets, 6)
		counted(t, "messages", m.MessagesSent, 6)
		counted(t, "bytes", m.BytesSent, 30)
	})
}

// A queue that nobody takes anything from is seen to be full.
func TestOutgoingQueueMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		hub := n.Hub(nil, func(c *server.ServerConfig) { c.MaxQueueBytes = 1 << 20 })
		n.Connect(n.Client("a", nil, nil))
		n.Cut("a")
		for hub.GetMetrics().OutgoingFullest < 1 {
			if _, err := hub.Broadcast(t.Context(), testnet.Command(string(make([]byte, 50_000)))); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Millisecond)
		}
		if bytes := hub.GetMetrics().OutgoingBytes; bytes < 1<<20 || bytes > 1<<20+60_000 {
			t.Errorf("%d bytes wait, want about a MiB", bytes)
		}
	})
}

// Sends that are refused before anything else are failures like all others, and so
// is a broadcast of a hub that has stopped.
func TestRefusedSendMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		hub := n.Hub(nil, nil)
		_, _ = hub.SendMessage(t.Context(), "a", nil, true, 0)
		_, _ = hub.Broadcast(t.Context(), nil)
		counted(t, "invalid messages", hub.GetMetrics().Failed[qerrors.InvalidArgument], 2)
		if err := hub.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		_, _ = hub.Broadcast(t.Context(), testnet.Command("x"))
		counted(t, "a broadcast after the end", hub.GetMetrics().Failed[qerrors.Draining], 1)
	})
}

// What a client's handlers refuse, and what they have no time for, is seen at the
// hub that asked: whichever of both notices the end of the time first.
func TestAnswerMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		hub := n.Hub(nil, nil)
		n.Connect(n.Client("a", testnet.Handle(func(ctx context.Context, m *protocol.DataMessage) (*protocol.DataMessage, error) {
			switch string(m.Payload) {
			case "fail":
				return nil, errors.New("as you wish")
			case "wait":
				<-ctx.Done()
			}
			return nil, nil
		}), nil))
		for text, times := range map[string]int{"fail": 3, "good": 2, "wait": 4} {
			for range times {
				_, _ = hub.SendMessage(t.Context(), "a", testnet.Command(text), true, time.Second)
			}
		}
		time.Sleep(time.Second)
		m := hub.GetMetrics()
		counted(t, "failures", m.Answered[protocol.AckStatus_ACK_STATUS_FAILURE], 3)
		counted(t, "successes", m.Answered[protocol.AckStatus_ACK_STATUS_SUCCESS], 2)
		counted(t, "failed sends", m.Failed[qerrors.Timeout], 4)
		counted(t, "promises that timed out", m.Promises.TimedOut, 4)
		counted(t, "promises that were kept", m.Promises.Completed, 5)
		counted(t, "round trips", m.RoundTrips[protocol.MessageType_MESSAGE_TYPE_COMMAND].Count, 5)
		info, _ := hub.Client("a")
		counted(t, "failures of the client", info.SendFailures, 7)
	})
}
