package client_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/voilet/QuicFlow/internal/testnet"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// An urgent message overtakes bulk messages that wait, of whatever size.
func TestUrgentOvertakesBulk(t *testing.T) {
	for _, size := range []int{10 << 10, 500 << 10} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { overtake(t, size, 2<<20/size) })
		})
	}
}

// It does so, too, when there is more bulk than the outgoing queue takes.
func TestUrgentOvertakesFullQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { overtake(t, 10<<10, 800) })
}

// overtake sends that many bulk messages and then, at the same time, one that is
// urgent.
func overtake(t *testing.T, size, total int) {
	n := testnet.Virtual(t)
	var before, bulk atomic.Int64
	n.Hub(testnet.Handle(func(_ context.Context, m *protocol.DataMessage) (*protocol.DataMessage, error) {
		if m.Priority == protocol.Priority_PRIORITY_URGENT {
			before.Store(bulk.Load())
		} else {
			bulk.Add(1)
		}
		return nil, nil
	}), nil)
	c := n.Client("a", testnet.Echo(), nil)
	n.Connect(c)
	msg := testnet.Command(string(make([]byte, size)))
	msg.Priority = protocol.Priority_PRIORITY_BULK
	go func() {
		for range total {
			if _, err := c.SendMessage(t.Context(), msg, false, 0); err != nil {
				t.Error(err)
			}
		}
	}()
	time.Sleep(time.Millisecond)
	urgent := testnet.Command("now")
	urgent.Priority = protocol.Priority_PRIORITY_URGENT
	if _, err := c.SendMessage(t.Context(), urgent, true, 0); err != nil {
		t.Error(err)
	}
	for bulk.Load() < int64(total) {
		time.Sleep(time.Millisecond)
	}
	if b := before.Load(); b > int64(total)/4 {
		t.Errorf("the urgent message came after %d of %d bulk messages", b, total)
	}
}
