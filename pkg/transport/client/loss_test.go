package client_test

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/voilet/QuicFlow/internal/testnet"
	"github.com/voilet/QuicFlow/pkg/dispatcher"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// ledger notes how often each message was handled.
type ledger struct {
	mu      sync.Mutex
	handled map[string]int
}

func (l *ledger) dispatcher() *dispatcher.Dispatcher {
	l.handled = make(map[string]int)
	return testnet.Handle(func(_ context.Context, m *protocol.DataMessage) (*protocol.DataMessage, error) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.handled[m.MsgId]++
		return nil, nil
	})
}

// On a bad network each acknowledged message is handled exactly once.
func TestBadNetwork(t *testing.T) {
	for name, bad := range map[string]testnet.Impairment{
		"loss":       {Loss: 0.1},
		"duplicates": {Duplicate: 0.3},
		"reordering": {Jitter: 20 * time.Millisecond},
		"all":        {Latency: 50 * time.Millisecond, Jitter: 20 * time.Millisecond, Loss: 0.1, Duplicate: 0.1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := testnet.Virtual(t)
				var atHub, atClient ledger
				hub := n.Hub(atHub.dispatcher(), nil)
				c := n.Client("a", atClient.dispatcher(), nil)
				n.Impair(bad)
				n.Connect(c)
				want := make(map[string]int)
				var wg sync.WaitGroup
				for i := range 300 {
					msg := testnet.Command(string(make([]byte, i*i%5000)))
					msg.MsgId = fmt.Sprint(i)
					msg.Priority = protocol.Priority(i % 3)
					want[msg.MsgId] = 1
					wg.Go(func() {
						if _, err := c.SendMessage(t.Context(), msg, true, time.Minute); err != nil {
							t.Errorf("up: %v", err)
						}
					})
					wg.Go(func() {
						if _, err := hub.SendMessage(t.Context(), "a", msg, true, time.Minute); err != nil {
							t.Errorf("down: %v", err)
						}
					})
				}
				wg.Wait()
				if !maps.Equal(atHub.handled, want) || !maps.Equal(atClient.handled, want) {
					t.Errorf("handled at the hub: %v\nat the client: %v", atHub.handled, atClient.handled)
				}
			})
		})
	}
}
