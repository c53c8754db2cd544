package soak

import (
	"context"
	"encoding/binary"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/voilet/QuicFlow/internal/testnet"
	"github.com/voilet/QuicFlow/pkg/dispatcher"
	"github.com/voilet/QuicFlow/pkg/protocol"
	"github.com/voilet/QuicFlow/pkg/transport/client"
)

// TestFullLoad has 32 clients keep 16 messages each in flight.
func TestFullLoad(t *testing.T) {
	const conns, inFlight = 32, 16
	n := testnet.Loopback(t)
	hub := n.Hub(testnet.Echo(), nil)
	var acked atomic.Int64
	var over atomic.Bool
	var wg sync.WaitGroup
	for i := range conns {
		c := n.Client(fmt.Sprint(i), nil, nil)
		n.Connect(c)
		for range inFlight {
			wg.Go(func() {
				for msg := testnet.Command(string(make([]byte, 128))); !over.Load(); acked.Add(1) {
					if _, err := c.SendMessage(context.Background(), msg, true, patience); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
	}
	time.Sleep(long() / 4)
	before := measure()
	time.Sleep(long())
	after := measure()
	over.Store(true)
	wg.Wait()
	flat(t, before, after)
	if got, want := hub.GetMetrics().MessagesReceived, uint64(acked.Load()); got != want {
		t.Errorf("the hub has received %d messages, acknowledged were %d", got, want)
	}
	t.Logf("%d messages", acked.Load())
}

// TestStuckDispatcher has all handlers of the hub hang while it is fully loaded: senders
// wait, nothing is dropped, and all is handled once afterwards.
func TestStuckDispatcher(t *testing.T) {
	const conns, inFlight, each = 8, 300, 20
	var handled [conns * inFlight * each]atomic.Int32
	var running sync.RWMutex // held while handlers hang
	n := testnet.Loopback(t)
	hub := n.Hub(testnet.HandleWith(dispatcher.Config{Timeout: time.Hour}, func(_ context.Context, m *protocol.DataMessage) (*protocol.DataMessage, error) {
		running.RLock()
		defer running.RUnlock()
		handled[binary.BigEndian.Uint64(m.Payload)].Add(1)
		return nil, nil
	}), nil)
	var acked atomic.Int64
	var wg sync.WaitGroup
	var clients []*client.Client
	for i := range conns {
		clients = append(clients, n.Client(fmt.Sprint(i), nil, nil))
	}
	n.Connect(clients...)
	running.Lock()
	for i := range conns * inFlight {
		wg.Go(func() {
			for j := range each {
				msg := testnet.Command(string(binary.BigEndian.AppendUint64(nil, uint64(i*each+j))))
				ack, err := clients[i/inFlight].SendMessage(context.Background(), msg, true, time.Hour)
				if err != nil || ack.Status != protocol.AckStatus_ACK_STATUS_SUCCESS {
					t.Errorf("message %d of sender %d: %v, %v", j, i, ack, err)
				}
				acked.Add(1)
			}
		})
	}
	time.Sleep(min(long(), 30*time.Second))
	if got := acked.Load(); got != 0 {
		t.Errorf("%d messages were acknowledged while all handlers hung", got)
	}
	running.Unlock()
	wg.Wait()
	for number := range handled {
		if times := handled[number].Load(); times != 1 {
			t.Errorf("message %d was handled %d times", number, times)
		}
	}
	for _, c := range clients {
		if dropped := c.GetMetrics().Dropped; len(dropped) > 0 {
			t.Errorf("a client has dropped %v", dropped)
		}
	}
	if dropped := hub.GetMetrics().Dropped; len(dropped) > 0 {
		t.Errorf("the hub has dropped %v", dropped)
	}
}
