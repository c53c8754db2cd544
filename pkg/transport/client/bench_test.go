package client_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/voilet/QuicFlow/internal/testnet"
	"github.com/voilet/QuicFlow/pkg/dispatcher"
	"github.com/voilet/QuicFlow/pkg/protocol"
	"github.com/voilet/QuicFlow/pkg/transport/client"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

// The benchmarks exchange messages between one process's hub and clients over
// the loopback interface, so that both share the processors.
//
//	go test -run '^$' -bench . ./pkg/transport/client

// onLoopback starts a hub and n clients, called c0, c1 and so on.
func onLoopback(b *testing.B, n int, hubs, clients *dispatcher.Dispatcher) (*server.Server, []*client.Client) {
	return onLoopbackWith(b, n, hubs, clients, nil)
}

// onLoopbackWith is onLoopback with a configuration of the hub.
func onLoopbackWith(b *testing.B, n int, hubs, clients *dispatcher.Dispatcher,
	configure func(*server.ServerConfig)) (*server.Server, []*client.Client) {
	network := testnet.Loopback(b)
	hub := network.Hub(hubs, configure)
	all := make([]*client.Client, n)
	for i := range all {
		// Each with a socket of its own, as on as many machines.
		all[i] = network.Client(fmt.Sprint("c", i), clients, func(c *client.ClientConfig) { c.Socket = nil })
	}
	network.Connect(all...)
	return hub, all
}

// measure has workers share b.N calls of f, and reports how many a second there
// were, and what each cost the processors.
func measure(b *testing.B, workers int, f func(worker int) error) {
	b.ReportAllocs()
	b.ResetTimer()
	cpu := cpuTime()
	var wg sync.WaitGroup
	var left atomic.Int64
	left.Store(int64(b.N))
	for worker := range workers {
		wg.Go(func() {
			for left.Add(-1) >= 0 {
				if err := f(worker); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msgs/s")
	b.ReportMetric(float64(cpuTime()-cpu)/float64(b.N), "cpu-ns/msg")
}

func payload(n int) *protocol.DataMessage { return testnet.Command(string(make([]byte, n))) }

// BenchmarkRoundTrip sends from clients to the hub and back as acknowledgements.
func BenchmarkRoundTrip(b *testing.B) {
	for _, c := range []struct{ conns, inFlight, size int }{
		{1, 1, 128}, {1, 64, 128}, {1, 512, 128}, {32, 16, 128},
		{1, 16, 16 << 10}, {1, 4, 1 << 20},
	} {
		b.Run(fmt.Sprintf("conns=%d/inflight=%d/bytes=%d", c.conns, c.inFlight, c.size), func(b *testing.B) {
			_, clients := onLoopback(b, c.conns, testnet.Echo(), nil)
			msg := payload(c.size)
			b.SetBytes(int64(2 * c.size))
			measure(b, c.conns*c.inFlight, func(worker int) error {
				_, err := clients[worker%c.conns].SendMessage(context.Background(), msg, true, 0)
				return err
			})
		})
	}
}

// BenchmarkHubAsks is the round trip that begins at the hub.
func BenchmarkHubAsks(b *testing.B) {
	for _, c := range []struct{ conns, inFlight int }{{1, 64}, {32, 16}} {
		b.Run(fmt.Sprintf("conns=%d/inflight=%d", c.conns, c.inFlight), func(b *testing.B) {
			hub, _ := onLoopback(b, c.conns, nil, testnet.Echo())
			msg := payload(128)
			measure(b, c.conns*c.inFlight, func(worker int) error {
				_, err := hub.SendMessage(context.Background(), fmt.Sprint("c", worker%c.conns), msg, true, 0)
				return err
			})
		})
	}
}

// arrivals is a dispatcher whose handlers count, and a channel that is closed
// once n messages have come.
func arrivals(n int64) (*dispatcher.Dispatcher, <-chan struct{}) {
	var count atomic.Int64
	all := make(chan struct{})
	return testnet.Handle(func(context.Context, *protocol.DataMessage) (*protocol.DataMessage, error) {
		if count.Add(1) == n {
			close(all)
		}
		return nil, nil
	}), all
}

// BenchmarkOneWay sends without acknowledgements; the time ends when the last
// message is handled.
func BenchmarkOneWay(b *testing.B) {
	for _, size := range []int{128, 16 << 10, 1 << 20} {
		b.Run(fmt.Sprintf("bytes=%d", size), func(b *testing.B) {
			d, all := arrivals(int64(b.N))
			_, clients := onLoopback(b, 1, d, nil)
			msg := payload(size)
			b.SetBytes(int64(size))
			b.ReportAllocs()
			b.ResetTimer()
			for range b.N {
				if _, err := clients[0].SendMessage(context.Background(), msg, false, 0); err != nil {
					b.Fatal(err)
				}
			}
			<-all
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msgs/s")
		})
	}
}

// BenchmarkBroadcast has each message handled by 100 clients.
func BenchmarkBroadcast(b *testing.B) {
	const conns, window = 100, 64
	arrived := make(chan struct{}, conns*window)
	hub, _ := onLoopback(b, conns, nil, testnet.Handle(func(context.Context, *protocol.DataMessage) (*protocol.DataMessage, error) {
		arrived <- struct{}{}
		return nil, nil
	}))
	msg := payload(128)
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N + window {
		if i >= window { // the broadcast that many ago has arrived
			for range conns {
				<-arrived
			}
		}
		if i >= b.N {
			continue
		}
		if result, err := hub.Broadcast(context.Background(), msg); err != nil || result.Delivered != conns {
			b.Fatalf("%+v, %v", result, err)
		}
	}
	b.ReportMetric(float64(b.N*conns)/b.Elapsed().Seconds(), "msgs/s")
}
