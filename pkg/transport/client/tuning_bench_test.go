package client_test

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/voilet/QuicFlow/internal/testnet"
	"github.com/voilet/QuicFlow/pkg/dispatcher"
	"github.com/voilet/QuicFlow/pkg/protocol"
	"github.com/voilet/QuicFlow/pkg/transport/client"
)

// The benchmarks of the advice on tuning in docs/performance.md.

// BenchmarkWorkers has handlers that wait for something else, or that compute, with few and
// many workers. Eight clients have 128 messages each in flight.
func BenchmarkWorkers(b *testing.B) {
	const conns, inFlight = 8, 128
	wait := func() { time.Sleep(time.Millisecond) }
	compute := func() {
		for begun := time.Now(); time.Since(begun) < 100*time.Microsecond; {
		}
	}
	for name, work := range map[string]func(){"waits 1 ms": wait, "computes 100 µs": compute} {
		for _, workers := range []int{2, 10, 100, 1000} {
			b.Run(fmt.Sprintf("%s/workers=%d", name, workers), func(b *testing.B) {
				d := dispatcher.NewDispatcher(&dispatcher.Config{Workers: workers})
				d.RegisterHandler(protocol.MessageType_MESSAGE_TYPE_COMMAND, dispatcher.HandlerFunc(
					func(context.Context, *protocol.DataMessage) (*protocol.DataMessage, error) {
						work()
						return nil, nil
					}))
				_, clients := onLoopback(b, conns, d, nil)
				msg := payload(128)
				measure(b, conns*inFlight, func(worker int) error {
					_, err := clients[worker%conns].SendMessage(context.Background(), msg, true, time.Minute)
					return err
				})
			})
		}
	}
}

// BenchmarkOutstanding reports what a promise takes of the client's memory, with the copy of
// its message and its place in the queue, while the hub does not answer.
func BenchmarkOutstanding(b *testing.B) {
	for _, size := range []int{128, 4 << 10} {
		b.Run(fmt.Sprintf("bytes=%d", size), func(b *testing.B) {
			release := make(chan struct{})
			network := testnet.Loopback(b)
			network.Hub(testnet.Handle(func(context.Context, *protocol.DataMessage) (*protocol.DataMessage, error) {
				<-release
				return nil, nil
			}), nil)
			c := network.Client("a", nil, func(c *client.ClientConfig) { c.MaxPromises, c.MaxQueueBytes = b.N, 1<<30 })
			network.Connect(c)
			msg := payload(size)
			before := liveHeap()
			for range b.N {
				if _, err := c.SendAsync(context.Background(), msg, time.Hour); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(liveHeap()-before)/float64(b.N), "heap-B/promise")
			close(release)
		})
	}
}

func liveHeap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
