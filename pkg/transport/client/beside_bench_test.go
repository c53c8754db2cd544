package client_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"golang.org/x/time/rate"

	"github.com/voilet/QuicFlow/internal/testnet"
	"github.com/voilet/QuicFlow/pkg/protocol"
	"github.com/voilet/QuicFlow/pkg/transport/client"
)

// BenchmarkBeside sends small messages at fixed times, whether those before are acknowledged or
// not, while nobody, another client or the same one pushes payloads of 1 MiB, so many a second.
func BenchmarkBeside(b *testing.B) {
	const every = 500 * time.Microsecond
	for _, perSecond := range []int{0, 50, 100, 200} {
		for name, pusher := range map[string]int{"other": 1, "same": 0} {
			if perSecond == 0 && name == "same" {
				continue
			}
			b.Run(fmt.Sprintf("pushed=%d/by=%s", perSecond, name), func(b *testing.B) {
				hub := testnet.Handle(func(_ context.Context, m *protocol.DataMessage) (*protocol.DataMessage, error) {
					return &protocol.DataMessage{Payload: m.Payload[:min(len(m.Payload), 128)]}, nil
				})
				_, clients := onLoopback(b, 2, hub, nil)
				stop := push(b, clients[pusher], perSecond)
				defer stop()
				h := hdrhistogram.New(1, int64(time.Minute), 3)
				var mu sync.Mutex
				var wg sync.WaitGroup
				msg := payload(128)
				b.ResetTimer()
				begun := time.Now()
				for i := range b.N {
					time.Sleep(time.Until(begun.Add(time.Duration(i) * every)))
					sent := time.Now()
					wg.Go(func() {
						_, err := clients[0].SendMessage(b.Context(), msg, true, time.Minute)
						mu.Lock()
						defer mu.Unlock()
						if err != nil {
							b.Error(err)
						}
						_ = h.RecordValue(int64(time.Since(sent)))
					})
				}
				wg.Wait()
				b.ReportMetric(float64(h.ValueAtQuantile(50))/1e3, "p50-us")
				b.ReportMetric(float64(h.ValueAtQuantile(99))/1e3, "p99-us")
			})
		}
	}
}

// push has c send payloads of 1 MiB until stop is called.
func push(b *testing.B, c *client.Client, perSecond int) (stop func()) {
	if perSecond == 0 {
		return func() {}
	}
	ctx, cancel := context.WithCancel(b.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		limit := rate.NewLimiter(rate.Limit(perSecond), 1)
		for msg := payload(1 << 20); limit.Wait(ctx) == nil; {
			if _, err := c.SendMessage(ctx, msg, false, 0); err != nil && ctx.Err() == nil {
				b.Error(err)
				return
			}
		}
	})
	return func() { cancel(); wg.Wait() }
}
