package eventlog_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/voilet/QuicFlow/internal/eventlog"
	"github.com/voilet/QuicFlow/internal/testnet"
	"github.com/voilet/QuicFlow/pkg/monitoring"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

// BenchmarkMessage is what a message costs the goroutine of the hooks while it is
// recorded.
func BenchmarkMessage(b *testing.B) {
	h := newHub(eventlog.Size)
	r, _ := h.log.Follow(all...)
	defer h.log.Close()
	defer r.Close()
	b.ReportAllocs()
	for b.Loop() {
		h.hooks.OnMessageReceived("m", "client-001")
	}
}

// BenchmarkRoundTrip has a client send 512 messages at a time to hubs whose hooks
// do nothing, or fill a log that nobody reads, or somebody. What differs is the time of
// the processors, which the profile of -cpuprofile shows better than the clock.
func BenchmarkRoundTrip(b *testing.B) {
	log := func(kinds ...eventlog.Kind) func(*testing.B) (*monitoring.EventHooks, func()) {
		return func(b *testing.B) (*monitoring.EventHooks, func()) { return follow(b, kinds) }
	}
	none := func(hooks *monitoring.EventHooks) func(*testing.B) (*monitoring.EventHooks, func()) {
		return func(*testing.B) (*monitoring.EventHooks, func()) { return hooks, func() {} }
	}
	for _, c := range []struct {
		name  string
		hooks func(*testing.B) (_ *monitoring.EventHooks, end func())
	}{
		{"no hooks", none(nil)},
		{"empty hook", none(&monitoring.EventHooks{OnMessageReceived: func(string, string) {}})},
		{"no reader", log()},
		{"reader of sessions", log(eventlog.Connect, eventlog.Disconnect)},
		{"reader of all", log(all...)},
	} {
		b.Run(c.name, func(b *testing.B) {
			hooks, end := c.hooks(b)
			defer end()
			network := testnet.Loopback(b)
			network.Hub(testnet.Echo(), func(c *server.ServerConfig) { c.Hooks = hooks })
			c := network.Client("c", nil, nil)
			network.Connect(c)
			msg := testnet.Command(string(make([]byte, 128)))
			b.ReportAllocs()
			b.ResetTimer()
			var wg sync.WaitGroup
			var left atomic.Int64
			left.Store(int64(b.N))
			for range 512 {
				wg.Go(func() {
					for left.Add(-1) >= 0 {
						if _, err := c.SendMessage(context.Background(), msg, true, 0); err != nil {
							b.Error(err)
						}
					}
				})
			}
			wg.Wait()
		})
	}
}

// follow returns the hooks of a log and a function that ends its reader, if any
// kinds are to be read.
func follow(b *testing.B, kinds []eventlog.Kind) (hooks *monitoring.EventHooks, end func()) {
	log := eventlog.New(func() uint64 { return 0 })
	var reading sync.WaitGroup
	if len(kinds) > 0 {
		r, _ := log.Follow(kinds...)
		reading.Go(func() { drain(b, r) })
	}
	return log.Hooks(), func() {
		b.StopTimer()
		log.Close()
		reading.Wait()
	}
}

// drain reads until the log is closed, and reports how much was missed.
func drain(b *testing.B, r *eventlog.Reader) {
	defer r.Close()
	var missed uint64
	for {
		batch, err := r.Next(context.Background())
		if err != nil {
			b.ReportMetric(float64(missed)/float64(b.N), "missed/op")
			return
		}
		missed += batch.Missed
	}
}
