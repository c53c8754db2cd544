package server_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/voilet/QuicFlow/internal/testnet"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/monitoring"
	"github.com/voilet/QuicFlow/pkg/protocol"
	"github.com/voilet/QuicFlow/pkg/transport/client"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

// sendAll has a client send count messages of size bytes at once, and returns how long
// it takes until all are answered.
func sendAll(t *testing.T, c *client.Client, count, size int) time.Duration {
	t.Helper()
	begun := time.Now()
	var wg sync.WaitGroup
	for range count {
		wg.Go(func() {
			ack, err := c.SendMessage(t.Context(), testnet.Command(string(make([]byte, size))), true, time.Hour)
			if err != nil || ack.Status != protocol.AckStatus_ACK_STATUS_SUCCESS {
				t.Errorf("%v, %v", ack, err)
			}
		})
	}
	wg.Wait()
	return time.Since(begun)
}

// A client over its rate is slowed down to it, loses nothing, and is alone with that.
func TestRates(t *testing.T) {
	for name, test := range map[string]struct {
		configure   func(c *server.ServerConfig)
		count, size int
		limit       monitoring.Limit
		slowed      int
	}{
		"messages":                     {func(c *server.ServerConfig) { c.MaxMessageRate = 10 }, 100, 10, monitoring.LimitMessageRate, 90},
		"bytes":                        {func(c *server.ServerConfig) { c.MaxByteRate = 10_000 }, 100, 1000, monitoring.LimitByteRate, 90},
		"large messages":               {func(c *server.ServerConfig) { c.MaxByteRate = 100_000 }, 10, 100_000, monitoring.LimitByteRate, 9},
		"larger than a second's worth": {func(c *server.ServerConfig) { c.MaxByteRate = 10_000 }, 1, 100_000, monitoring.LimitByteRate, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := testnet.Virtual(t)
				hub := n.Hub(testnet.Echo(), test.configure)
				fast, other := n.Client("fast", nil, nil), n.Client("other", nil, nil)
				n.Connect(fast, other)
				done := make(chan time.Duration)
				go func() { done <- sendAll(t, fast, test.count, test.size) }()
				time.Sleep(time.Second)
				if took := sendAll(t, other, 1, 10); took > time.Second {
					t.Errorf("another client waited for %v", took)
				}
				if took := (<-done).Round(time.Second); took != 9*time.Second { // a second's worth comes at once
					t.Errorf("it took %v", took)
				}
				limited(t, hub, counts{test.limit: uint64(test.slowed)})
			})
		})
	}
}

// What waits for its rate does not hold up the end of the hub.
func TestRateAndStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		var handled testnet.Counter
		hub := n.Hub(handled.Dispatcher(), func(c *server.ServerConfig) { c.MaxMessageRate = 1 })
		c := n.Client("a", nil, nil)
		n.Connect(c)
		for range 100 {
			if _, err := c.SendMessage(t.Context(), testnet.Command("x"), false, 0); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		if err := hub.Stop(ctx); err != nil {
			t.Error(err)
		}
		if got := handled.Load(); got != 100 {
			t.Errorf("%d of 100 messages were handled", got)
		}
	})
}

// A peer that sends on whatever it is told fills its window, and no more of the hub; when
// its connection ends, nothing of what has waited stays.
func TestFloodOverTheRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		empty := testnet.Handle(func(context.Context, *protocol.DataMessage) (*protocol.DataMessage, error) { return nil, nil })
		hub := n.Hub(empty, func(c *server.ServerConfig) {
			c.MaxMessageRate, c.MaxStreamWindow, c.MaxConnectionWindow = 10, 64<<10, 256<<10
		})
		honest := n.Client("honest", nil, nil)
		n.Connect(honest)
		p := n.Dial("hostile")
		p.Hello("hostile")
		before := heap()
		for lane := range 10 {
			s := p.Open()
			go func() {
				for i := range 1000 {
					if _, err := s.Write(testnet.Encode(testnet.Data(fmt.Sprint(lane, "-", i), make([]byte, 10<<10)))); err != nil {
						return
					}
				}
			}()
		}
		time.Sleep(time.Minute)
		if took := sendAll(t, honest, 1, 10); took > time.Second {
			t.Errorf("another client waited for %v", took)
		}
		// This test holds as much as the peer has sent, at the other end.
		if after := heap(); after > before+8<<20 {
			t.Errorf("%d KiB are held", (after-before)>>10)
		}
		if got := hub.GetMetrics().Limited[monitoring.LimitMessageRate]; got < 500 || got > 700 {
			t.Errorf("%d messages were slowed in a minute", got)
		}
		_ = p.Conn.CloseWithError(0, "")
		time.Sleep(time.Second)
		if got := hub.GetMetrics(); got.ConnectedClients != 1 || got.Disconnected[qerrors.OK] != 1 {
			t.Errorf("%d clients, disconnected %v", got.ConnectedClients, got.Disconnected)
		}
	})
}
