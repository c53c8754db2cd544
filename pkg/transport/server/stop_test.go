package server_test

import (
	"context"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/voilet/QuicFlow/internal/testnet"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
	"github.com/voilet/QuicFlow/pkg/transport/client"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

func TestStopWaitsForHandlers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		slow := testnet.Handle(func(context.Context, *protocol.DataMessage) (*protocol.DataMessage, error) {
			time.Sleep(5 * time.Second)
			return &protocol.DataMessage{Payload: []byte("done")}, nil
		})
		hub := n.Hub(slow, nil)
		c := n.Client("a", slow, nil)
		n.Connect(c)
		up, err := c.SendAsync(t.Context(), testnet.Command("x"), 0)
		if err != nil {
			t.Fatal(err)
		}
		down, err := hub.SendAsync(t.Context(), "a", testnet.Command("x"), 0)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		if err := hub.Stop(t.Context()); err != nil {
			t.Error(err)
		}
		for way, promise := range map[string]interface {
			Result() (*protocol.AckMessage, error)
		}{"up": up, "down": down} {
			if ack, err := promise.Result(); string(ack.GetResult()) != "done" {
				t.Errorf("%s: %v, %v", way, ack, err)
			}
		}
	})
}

func TestStopCutsWhenItsTimeIsUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		var canceled atomic.Bool
		hub := n.Hub(testnet.Handle(func(ctx context.Context, _ *protocol.DataMessage) (*protocol.DataMessage, error) {
			<-ctx.Done()
			canceled.Store(true)
			return nil, ctx.Err()
		}), nil)
		c := n.Client("a", testnet.Echo(), nil)
		n.Connect(c)
		promise, err := c.SendAsync(t.Context(), testnet.Command("x"), 0)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		begun := time.Now()
		err = hub.Stop(ctx)
		if d := time.Since(begun); d > 2*time.Second+100*time.Millisecond {
			t.Errorf("Stop took %v", d)
		}
		if qerrors.CodeOf(err) != qerrors.Timeout || !strings.Contains(err.Error(), "1 connections") || !strings.Contains(err.Error(), "1 messages") {
			t.Errorf("Stop returned %v", err)
		}
		synctest.Wait()
		if !canceled.Load() {
			t.Error("the handler's context was not cancelled")
		}
		if _, err := promise.Result(); qerrors.CodeOf(err) != qerrors.ConnectionLost {
			t.Errorf("the promise ended with %v", err)
		}
	})
}

func TestStopWithAClientThatIsCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		hub := n.Hub(testnet.Echo(), nil)
		a, b := n.Client("a", testnet.Echo(), nil), n.Client("b", testnet.Echo(), nil)
		n.Connect(a, b)
		n.Cut("a")
		if _, err := hub.SendMessage(t.Context(), "a", testnet.Command("may be lost"), false, 0); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		err := hub.Stop(ctx)
		if qerrors.CodeOf(err) != qerrors.Timeout || !strings.Contains(err.Error(), "1 connections") {
			t.Errorf("Stop returned %v", err)
		}
		<-b.Done() // it was drained, and had no need of an idle timeout
		if code := qerrors.CodeOf(b.Err()); code != qerrors.Draining {
			t.Errorf("the other client ended with %v", b.Err())
		}
	})
}

// A client whose hello is being accepted when Stop begins either gets its
// welcome first, or is refused with a code that says to come back.
func TestStopDuringHello(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		hub := n.Hub(testnet.Echo(), func(c *server.ServerConfig) {
			c.Logger = slog.New(sleepyLog{at: "connected", d: 100 * time.Millisecond})
		})
		time.AfterFunc(50*time.Millisecond, func() { _ = hub.Stop(t.Context()) })
		c := n.Client("a", testnet.Echo(), func(c *client.ClientConfig) { c.ReconnectEnabled = true })
		if err := c.Connect(n.Addr()); err != nil {
			t.Errorf("Connect: %v", err)
		}
		if err := hub.Wait(); err != nil {
			t.Error(err)
		}
	})
}
