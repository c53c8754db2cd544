package client_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/voilet/QuicFlow/internal/testnet"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// crowd sends so much that the congestion window is full soon after the network was cut.
type crowd struct {
	mu           sync.Mutex
	since        time.Time     // when the network was back
	first, worst time.Duration // after that, until an acknowledgement
	wg           sync.WaitGroup
}

func (c *crowd) send(ctx context.Context, t *testing.T, send func(context.Context, *protocol.DataMessage, bool, time.Duration) (*protocol.AckMessage, error)) {
	for i := 0; ctx.Err() == nil; i++ {
		m := testnet.Command(string(make([]byte, 30_000)))
		m.Priority = protocol.Priority(i % 3)
		c.wg.Go(func() {
			switch _, err := send(context.Background(), m, true, time.Minute); {
			case err == nil:
				c.acked()
			case !errors.Is(err, qerrors.ErrUnknownClient) || !errors.Is(err, qerrors.ErrNotSent): // between two connections
				t.Error(err)
			}
		})
		time.Sleep(100 * time.Millisecond)
	}
}

func (c *crowd) back() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.since = time.Now()
}

func (c *crowd) acked() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.since.IsZero() {
		return
	}
	after := time.Since(c.since)
	if c.first == 0 {
		c.first = after
	}
	c.worst = max(c.worst, after)
}

// However long the network was cut, with full windows, a message is acknowledged within a
// second after it is back, in each direction. QUIC sees to that after a short cut.
func TestFullWindow(t *testing.T) {
	const ms = time.Millisecond
	for _, cut := range []time.Duration{900 * ms, 1600 * ms, 2500 * ms, 5 * time.Second, 10 * time.Second, 28 * time.Second} {
		for _, way := range []string{"up", "both"} {
			t.Run(fmt.Sprintf("%v, %s", cut, way), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { fillWindow(t, cut, way) })
			})
		}
	}
}

func fillWindow(t *testing.T, cut time.Duration, way string) {
	p := newPair(t, func(context.Context, *protocol.DataMessage) (*protocol.DataMessage, error) { return nil, nil })
	p.n.Impair(testnet.Impairment{Latency: 20 * time.Millisecond})
	ctx, stop := context.WithCancel(t.Context())
	var up, down crowd
	var senders sync.WaitGroup
	senders.Go(func() { up.send(ctx, t, p.c.SendMessage) })
	if way == "both" {
		senders.Go(func() {
			down.send(ctx, t, func(ctx context.Context, m *protocol.DataMessage, waitAck bool, timeout time.Duration) (*protocol.AckMessage, error) {
				return p.hub.SendMessage(ctx, "a", m, waitAck, timeout)
			})
		})
	}
	time.Sleep(12*time.Second + rand.N(3*time.Second))
	p.n.Cut("a")
	time.Sleep(cut)
	p.n.Mend("a")
	up.back()
	down.back()
	time.Sleep(20 * time.Second)
	stop()
	senders.Wait()
	up.wg.Wait()
	down.wg.Wait()
	t.Logf("first %v up, %v down; reconnects %d", up.first, down.first, p.c.GetMetrics().Reconnects)
	for _, c := range []*crowd{&up, &down} {
		if c.first > time.Second {
			t.Errorf("acknowledged %v after the network was back", c.first)
		}
	}
	if n := p.c.GetMetrics().Reconnects; n > 1 {
		t.Errorf("reconnected %d times", n)
	}
}
