package client_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/voilet/QuicFlow/internal/testnet"
	"github.com/voilet/QuicFlow/pkg/callback"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
	"github.com/voilet/QuicFlow/pkg/transport/client"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

// loseOne sends a message that never arrives, since the connection is lost, and has it
// acknowledged on the next: the hub has to be sure that it has not handled it.
func (p *pair) loseOne(t *testing.T) {
	t.Helper()
	p.n.Cut("a")
	promise := p.send(t, true, testnet.Command("lost"), 10*time.Minute)
	time.Sleep(40 * time.Second)
	p.n.Mend("a")
	if ack, err := promise.Result(); err != nil || ack.Status != protocol.AckStatus_ACK_STATUS_SUCCESS {
		t.Errorf("a message that has not arrived: %v, %v", ack, err)
	}
}

// exchange sends n messages at once, and waits until all are acknowledged.
func (p *pair) exchange(t *testing.T, n int, payload string) {
	t.Helper()
	var promises []*callback.Promise
	for range n {
		promises = append(promises, p.send(t, true, testnet.Command(payload), time.Minute))
	}
	for _, promise := range promises {
		if _, err := promise.Result(); err != nil {
			t.Fatal(err)
		}
	}
}

// What was acknowledged, however much it was, does not make the receiver unsure about what
// comes afterwards.
func TestReceiverStaysSure(t *testing.T) {
	megabyte := make([]byte, 1<<20)
	for name, f := range map[string]func(t *testing.T, p *pair){
		"after many at once":  func(t *testing.T, p *pair) { p.exchange(t, 20_000, "small") },
		"after large results": func(t *testing.T, p *pair) { p.exchange(t, 20, "large") },
		"after many lost connections": func(t *testing.T, p *pair) {
			for range 4 {
				p.exchange(t, 9000, "small")
				p.n.Cut("a")
				time.Sleep(40 * time.Second)
				p.n.Mend("a")
				time.Sleep(time.Hour)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPair(t, func(_ context.Context, m *protocol.DataMessage) (*protocol.DataMessage, error) {
					if string(m.Payload) == "large" {
						return &protocol.DataMessage{Payload: megabyte}, nil
					}
					return nil, nil
				})
				f(t, p)
				p.loseOne(t)
				time.Sleep(time.Hour)
				p.loseOne(t)
			})
		})
	}
}

// An id may be used again once its message was acknowledged. That one is another message,
// which has an answer of its own.
func TestSameIDAcrossConnections(t *testing.T) {
	bothWays(t, func(t *testing.T, up bool) {
		var handled atomic.Int32
		p := newPair(t, func(_ context.Context, m *protocol.DataMessage) (*protocol.DataMessage, error) {
			handled.Add(1)
			return &protocol.DataMessage{Payload: m.Payload}, nil
		})
		m := testnet.Command("first")
		m.MsgId = "x"
		if ack, err := p.send(t, up, m, time.Minute).Result(); err != nil || string(ack.Result) != "first" {
			t.Fatal(ack, err)
		}
		p.n.Cut("a")
		m.Payload = []byte("second")
		second := p.send(t, up, m, time.Hour)
		time.Sleep(40 * time.Second)
		p.n.Mend("a")
		if ack, err := second.Result(); err != nil || string(ack.Result) != "second" || handled.Load() != 2 {
			t.Errorf("the second was answered %v, %v; %d were handled", ack, err, handled.Load())
		}
	})
}

// The same for one whose first message was called off, and is answered all the same.
func TestSameIDAfterCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, func(_ context.Context, m *protocol.DataMessage) (*protocol.DataMessage, error) {
			time.Sleep(map[string]time.Duration{"first": 100 * time.Second, "second": 1000 * time.Second}[string(m.Payload)])
			return &protocol.DataMessage{Payload: m.Payload}, nil
		})
		reconnect := func() {
			p.n.Cut("a")
			time.Sleep(40 * time.Second)
			p.n.Mend("a")
			time.Sleep(20 * time.Second)
		}
		m := testnet.Command("first")
		m.MsgId = "x"
		first := p.send(t, true, m, time.Hour)
		time.Sleep(time.Second)
		first.Cancel(context.Canceled)
		reconnect()
		m.Payload = []byte("second")
		second := p.send(t, true, m, time.Hour)
		time.Sleep(time.Minute)
		reconnect()
		if ack, err := second.Result(); err != nil || string(ack.Result) != "second" {
			t.Errorf("the second was answered %v, %v", ack, err)
		}
	})
}

// The time of a message that is sent again has no end before its own, however long it is.
func TestLongTimeIsSentAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, func(ctx context.Context, _ *protocol.DataMessage) (*protocol.DataMessage, error) {
			select {
			case <-time.After(5 * time.Minute):
				return nil, nil
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		})
		p.n.Cut("a")
		promise := p.send(t, true, testnet.Command("x"), 1<<32*time.Millisecond+2*time.Minute)
		time.Sleep(40 * time.Second)
		p.n.Mend("a")
		if ack, err := promise.Result(); err != nil || ack.Status != protocol.AckStatus_ACK_STATUS_SUCCESS {
			t.Errorf("%v, %v", ack, err)
		}
	})
}

// A broadcast does not overtake what is sent again and has the same ordering key.
func TestBroadcastKeepsTheOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var order []string
		p := newPair(t, func(_ context.Context, m *protocol.DataMessage) (*protocol.DataMessage, error) {
			if m.OrderingKey != "" {
				order = append(order, string(m.Payload))
			}
			return nil, nil
		})
		p.n.Impair(testnet.Impairment{Latency: 20 * time.Millisecond})
		p.n.Cut("a")
		for range 12 { // which wait for each other on the next connection
			m := testnet.Command(string(make([]byte, 300_000)))
			m.Priority = protocol.Priority_PRIORITY_BULK
			p.send(t, false, m, 10*time.Minute)
		}
		m := testnet.Command("1")
		m.OrderingKey = "key"
		first := p.send(t, false, m, 10*time.Minute)
		time.Sleep(time.Minute)
		p.n.Mend("a")
		for p.hub.GetMetrics().Resumed == 0 {
			time.Sleep(time.Millisecond)
		}
		refused := 0
		for m.Payload = []byte("2"); ; refused++ {
			r, err := p.hub.Broadcast(t.Context(), m)
			if err != nil {
				t.Fatal(err)
			}
			if r.Delivered == 1 {
				break
			}
			time.Sleep(time.Millisecond)
		}
		if _, err := first.Result(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if len(order) != 2 || order[0] != "1" || refused == 0 {
			t.Errorf("handled in the order %v; the broadcast was refused %d times before", order, refused)
		}
	})
}

// A message that the next hub does not accept fails, and does not end each connection.
func TestNextHubAcceptsLess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		hub := n.Hub(testnet.Echo(), nil)
		c := n.Client("a", nil, func(c *client.ClientConfig) { c.ReconnectEnabled = true })
		n.Connect(c)
		n.Cut("a")
		m := testnet.Command(string(make([]byte, 500_000)))
		m.Idempotent = true
		promise, err := c.SendAsync(t.Context(), m, 10*time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_ = hub.Stop(ctx) // it cannot tell the client
		hub = n.Hub(testnet.Echo(), func(c *server.ServerConfig) { c.MaxPayload = 100_000 })
		n.Mend("a")
		if _, err := promise.Result(); qerrors.CodeOf(err) != qerrors.PayloadTooLarge {
			t.Error(err)
		}
		if got := hub.GetMetrics().Disconnected; len(got) > 0 {
			t.Errorf("the client was disconnected: %v", got)
		}
	})
}
