package server_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/voilet/QuicFlow/internal/testnet"
	"github.com/voilet/QuicFlow/pkg/dispatcher"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// counting is a dispatcher whose handlers take a while, and what they handled.
func counting(handled *atomic.Int64) *dispatcher.Dispatcher {
	return testnet.Handle(func(_ context.Context, m *protocol.DataMessage) (*protocol.DataMessage, error) {
		time.Sleep(20 * time.Millisecond)
		handled.Add(1)
		return &protocol.DataMessage{Payload: m.Payload}, nil
	})
}

// traffic sends from one side until sends are refused. It counts what was
// accepted, and by waitAck acknowledged.
type traffic struct {
	accepted, acked, unknown atomic.Int64
}

func (f *traffic) run(t *testing.T, send func(m *protocol.DataMessage, waitAck bool) error) {
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			for n := 0; ; n++ {
				waitAck := (i+n)%2 == 0
				m := testnet.Command(fmt.Sprintf("%0*d", 1+(i*n)%3000, n))
				m.Priority = protocol.Priority((i + n) % 3)
				err := send(m, waitAck)
				switch {
				case err == nil && waitAck:
					f.acked.Add(1)
					f.accepted.Add(1)
				case err == nil:
					f.accepted.Add(1)
				case qerrors.CodeOf(err) == qerrors.ConnectionLost && waitAck:
					f.unknown.Add(1)
					return
				default:
					return
				}
				time.Sleep(time.Millisecond)
			}
		})
	}
	wg.Wait()
}

// TestDrain ends a connection from either side, or from both at once, while both
// send as fast as they can over a network that loses packets.
func TestDrain(t *testing.T) {
	for _, test := range []struct {
		name        string
		hub, client bool
	}{
		{"hub stops", true, false},
		{"client closes", false, true},
		{"both", true, true},
	} {
		for seed := range uint64(4) {
			t.Run(fmt.Sprintf("%s/%d", test.name, seed), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { drainOnce(t, seed, test.hub, test.client) })
			})
		}
	}
}

func drainOnce(t *testing.T, seed uint64, stopHub, closeClient bool) {
	n := testnet.Virtual(t)
	n.Impair(testnet.Impairment{Latency: 20 * time.Millisecond, Loss: 0.05, Seed: seed})
	var atHub, atClient atomic.Int64
	hub := n.Hub(counting(&atHub), nil)
	c := n.Client("a", counting(&atClient), nil)
	n.Connect(c)
	var up, down traffic
	var wg sync.WaitGroup
	wg.Go(func() {
		up.run(t, func(m *protocol.DataMessage, waitAck bool) error {
			_, err := c.SendMessage(context.Background(), m, waitAck, 0)
			return err
		})
	})
	wg.Go(func() {
		down.run(t, func(m *protocol.DataMessage, waitAck bool) error {
			_, err := hub.SendMessage(context.Background(), "a", m, waitAck, 0)
			return err
		})
	})
	time.Sleep(500 * time.Millisecond)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if stopHub {
		wg.Go(func() {
			if err := hub.Stop(ctx); err != nil {
				t.Errorf("Stop: %v", err)
			}
		})
	}
	if closeClient {
		wg.Go(func() {
			if err := c.Close(ctx); err != nil {
				t.Errorf("Close: %v", err)
			}
		})
	}
	wg.Wait()
	synctest.Wait()
	checkTraffic(t, "up", &up, &atHub, c.GetMetrics().MessagesSent, hub.GetMetrics().MessagesReceived)
	checkTraffic(t, "down", &down, &atClient, hub.GetMetrics().MessagesSent, c.GetMetrics().MessagesReceived)
	for who, dropped := range map[string]map[qerrors.Code]uint64{"hub": hub.GetMetrics().Dropped, "client": c.GetMetrics().Dropped} {
		if len(dropped) > 0 {
			t.Errorf("the %s has dropped %v", who, dropped)
		}
	}
}

func checkTraffic(t *testing.T, way string, f *traffic, handled *atomic.Int64, sent, received uint64) {
	t.Helper()
	accepted := uint64(f.accepted.Load())
	if accepted == 0 || f.acked.Load() == 0 {
		t.Errorf("%s: no traffic", way)
	}
	if h := uint64(handled.Load()); accepted != h || accepted != sent || accepted != received || f.unknown.Load() > 0 {
		t.Errorf("%s: %d accepted, %d counted as sent, %d received, %d handled, %d without an acknowledgement",
			way, accepted, sent, received, h, f.unknown.Load())
	}
}
