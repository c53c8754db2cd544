package server_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/voilet/QuicFlow/internal/testnet"
	"github.com/voilet/QuicFlow/pkg/dispatcher"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

// What waits for a handler when Stop is out of time is not handled any more.
func TestNoHandlerBeginsAfterTheCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		var begun, late atomic.Int64
		hub := n.Hub(testnet.HandleWith(dispatcher.Config{Workers: 1}, func(ctx context.Context, _ *protocol.DataMessage) (*protocol.DataMessage, error) {
			begun.Add(1)
			if ctx.Err() != nil {
				late.Add(1)
			}
			time.Sleep(300 * time.Millisecond) // whatever becomes of ctx
			return nil, nil
		}), nil)
		c := n.Client("a", testnet.Echo(), nil)
		n.Connect(c)
		for range 50 {
			if _, err := c.SendMessage(t.Context(), testnet.Command("x"), false, 0); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(100 * time.Millisecond)
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if err := hub.Stop(ctx); qerrors.CodeOf(err) != qerrors.Timeout {
			t.Errorf("Stop: %v", err)
		}
		time.Sleep(time.Minute)
		if begun.Load() != 1 || late.Load() != 0 {
			t.Errorf("%d handlers have begun, %d of them after the cut; want only the one that ran before", begun.Load(), late.Load())
		}
		if got := hub.GetMetrics().HandlerFailures; got[qerrors.HandlerCanceled] != 49 {
			t.Errorf("counted as failed: %v", got)
		}
	})
}

// A Close that ran out of time is no orderly end for the hub.
func TestCutCloseIsNotOrderly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		var events testnet.Events
		hub := n.Hub(nil, func(c *server.ServerConfig) { c.Hooks = events.Connections() })
		c := n.Client("a", testnet.Handle(func(context.Context, *protocol.DataMessage) (*protocol.DataMessage, error) {
			time.Sleep(3 * time.Second)
			return nil, nil
		}), nil)
		n.Connect(c)
		promise, err := hub.SendAsync(t.Context(), "a", testnet.Command("x"), 0)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if err := c.Close(ctx); qerrors.CodeOf(err) != qerrors.Timeout {
			t.Errorf("Close: %v", err)
		}
		if _, err := promise.Result(); !errors.Is(err, qerrors.ErrConnectionLost) || !errors.Is(err, qerrors.ErrOutcomeUnknown) {
			t.Errorf("the hub's message: %v", err)
		}
		time.Sleep(time.Second)
		if got := hub.GetMetrics().Disconnected; got[qerrors.Draining] != 1 || len(got) != 1 {
			t.Errorf("disconnected %v", got)
		}
		if d := cmp.Diff([]string{"connect a", "disconnect a draining"}, events.All()); d != "" {
			t.Errorf("events (-want +got):\n%s", d)
		}
		time.Sleep(5 * time.Second) // the handler
	})
}

// A client that hangs while its QUIC stack lives does not hold up Stop for longer
// than the heartbeat check takes to find it.
func TestStopEndsOnAHungClient(t *testing.T) {
	for _, test := range []struct {
		name string
		send bool
	}{{"idle", false}, {"with a message", true}} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := testnet.Virtual(t)
				hub := n.Hub(testnet.Echo(), nil)
				p := n.Dial("hung")
				p.Hello("hung")
				if test.send {
					promise, err := hub.SendAsync(t.Context(), "hung", testnet.Command("x"), time.Hour)
					if err != nil {
						t.Fatal(err)
					}
					defer func() {
						if _, err := promise.Result(); !errors.Is(err, qerrors.ErrConnectionLost) {
							t.Errorf("the message to it: %v", err)
						}
					}()
				}
				begun := time.Now()
				if err := hub.Stop(t.Context()); err != nil {
					t.Errorf("Stop: %v", err)
				}
				if d := time.Since(begun); d > 70*time.Second {
					t.Errorf("Stop took %v", d)
				}
				if code := p.Code(); test.send && code != qerrors.HeartbeatTimeout {
					t.Errorf("closed with %v", code)
				}
			})
		})
	}
}
