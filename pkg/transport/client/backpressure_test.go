package client_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/voilet/QuicFlow/internal/testnet"
	"github.com/voilet/QuicFlow/pkg/dispatcher"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
	"github.com/voilet/QuicFlow/pkg/transport/client"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

// A dispatcher that stands still makes senders wait; nothing is dropped.
func TestStuckDispatcher(t *testing.T) {
	for _, test := range []struct{ size, senders, each int }{{1000, 20, 100}, {100 << 10, 10, 4}} {
		t.Run(fmt.Sprint(test.size), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := testnet.Virtual(t)
				release := make(chan struct{})
				var handled atomic.Int64
				hub := n.Hub(testnet.HandleWith(dispatcher.Config{Workers: 2, QueueSize: 10, Timeout: time.Hour},
					func(context.Context, *protocol.DataMessage) (*protocol.DataMessage, error) {
						<-release
						handled.Add(1)
						return nil, nil
					}), nil)
				c := n.Client("a", testnet.Echo(), func(c *client.ClientConfig) { c.MaxQueueBytes = 64 << 10 })
				n.Connect(c)
				msg := testnet.Command(string(make([]byte, test.size)))
				total := int64(test.senders * test.each)
				var wg sync.WaitGroup
				var sent atomic.Int64
				for range test.senders {
					wg.Go(func() {
						for range test.each {
							if _, err := c.SendMessage(t.Context(), msg, false, time.Hour); err != nil {
								t.Error(err)
							}
							sent.Add(1)
						}
					})
				}
				time.Sleep(time.Minute)
				if n := sent.Load(); n == total {
					t.Error("no sender has had to wait")
				}
				// The other direction, and acknowledgements, still work.
				if _, err := hub.SendMessage(t.Context(), "a", msg, true, 0); err != nil {
					t.Errorf("from the hub: %v", err)
				}
				close(release)
				wg.Wait()
				if err := c.Close(t.Context()); err != nil {
					t.Error(err)
				}
				if n := handled.Load(); n != total {
					t.Errorf("%d of %d were handled", n, total)
				}
				if dropped := c.GetMetrics().Dropped; len(dropped) > 0 {
					t.Errorf("dropped %v", dropped)
				}
			})
		})
	}
}

// TestHandlersThatAsk has the handlers of the hub send requests to the client
// whose request they handle, while more requests wait than the queue holds.
func TestHandlersThatAsk(t *testing.T) {
	for size, requests := range map[int]int{10: 200, 100 << 10: 60, 1 << 20: 12} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := testnet.Virtual(t)
				var hub atomic.Pointer[server.Server]
				hub.Store(n.Hub(testnet.HandleWith(dispatcher.Config{Workers: 4, QueueSize: 4, Timeout: time.Hour},
					func(ctx context.Context, m *protocol.DataMessage) (*protocol.DataMessage, error) {
						ack, err := hub.Load().SendMessage(ctx, m.SenderId, m, true, 0)
						if err == nil && ack.Status != protocol.AckStatus_ACK_STATUS_SUCCESS {
							err = qerrors.New(qerrors.Code(ack.Code), "%s", ack.Error)
						}
						return &protocol.DataMessage{Payload: ack.GetResult()}, err
					}), nil))
				c := n.Client("a", testnet.HandleWith(dispatcher.Config{Workers: 2, QueueSize: 2},
					func(_ context.Context, m *protocol.DataMessage) (*protocol.DataMessage, error) {
						return &protocol.DataMessage{Payload: m.Payload}, nil
					}), nil)
				n.Connect(c)
				msg := testnet.Command(string(make([]byte, size)))
				var wg sync.WaitGroup
				for range requests {
					wg.Go(func() {
						ack, err := c.SendMessage(t.Context(), msg, true, 5*time.Minute)
						if err != nil || ack.Status != protocol.AckStatus_ACK_STATUS_SUCCESS || len(ack.Result) != size {
							t.Errorf("%v %q, %d bytes, %v", ack.GetStatus(), ack.GetError(), len(ack.GetResult()), err)
						}
					})
				}
				wg.Wait()
			})
		})
	}
}
