package server_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/voilet/QuicFlow/internal/testnet"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

// stuck is a handler that returns only when its context ends.
func stuck(ctx context.Context, _ *protocol.DataMessage) (*protocol.DataMessage, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// begin calls Stop with a timeout, or none, and returns where its result comes.
func begin(t *testing.T, hub *server.Server, timeout time.Duration) <-chan error {
	ctx, cancel := t.Context(), context.CancelFunc(func() {})
	if timeout > 0 {
		ctx, cancel = context.WithTimeout(ctx, timeout)
	}
	result := make(chan error, 1)
	go func() {
		defer cancel()
		result <- hub.Stop(ctx)
	}()
	synctest.Wait()
	return result
}

// Who calls Stop while another does gets what that returns.
func TestStopTwiceReturnsTheSame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		hub := n.Hub(testnet.Handle(stuck), nil)
		c := n.Client("a", testnet.Echo(), nil)
		n.Connect(c)
		if _, err := c.SendMessage(t.Context(), testnet.Command("x"), false, 0); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		first := begin(t, hub, 5*time.Second)
		second := begin(t, hub, 0)
		want := <-first
		if qerrors.CodeOf(want) != qerrors.Timeout {
			t.Errorf("the first returned %v", want)
		}
		if got := <-second; !errors.Is(got, want) {
			t.Errorf("the second returned %v, the first %v", got, want)
		}
		if got := hub.Stop(t.Context()); !errors.Is(got, want) {
			t.Errorf("afterwards it returned %v, at first %v", got, want)
		}
	})
}

// The time of a second Stop counts as well: a first one that is too patient can
// still be cut.
func TestSecondStopCuts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		hub := n.Hub(testnet.Echo(), nil)
		n.Connect(n.Client("a", testnet.Handle(stuck), nil))
		promise, err := hub.SendAsync(t.Context(), "a", testnet.Command("x"), time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		begun := time.Now()
		first, second := begin(t, hub, 0), begin(t, hub, 2*time.Second)
		if err := <-second; qerrors.CodeOf(err) != qerrors.Timeout {
			t.Errorf("the second returned %v", err)
		}
		<-first
		if d := time.Since(begun); d > 3*time.Second {
			t.Errorf("the first returned after %v", d)
		}
		if _, err := promise.Result(); !errors.Is(err, qerrors.ErrConnectionLost) {
			t.Errorf("the message that was under way: %v", err)
		}
	})
}

// It cancels the handlers' contexts, too.
func TestSecondStopCancelsHandlers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		hub := n.Hub(testnet.Handle(stuck), nil)
		c := n.Client("a", testnet.Echo(), nil)
		n.Connect(c)
		if _, err := c.SendMessage(t.Context(), testnet.Command("x"), false, 0); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		begun := time.Now()
		first, second := begin(t, hub, 0), begin(t, hub, 2*time.Second)
		if err := <-second; qerrors.CodeOf(err) != qerrors.Timeout {
			t.Errorf("the second returned %v", err)
		}
		<-first
		if d := time.Since(begun); d > 4*time.Second {
			t.Errorf("the first returned after %v", d)
		}
	})
}

// A server that was stopped before it was started says so to who sends.
func TestSendAfterStopBeforeStart(t *testing.T) {
	hub, err := server.NewServer(testnet.Loopback(t).ServerConfig())
	if err != nil {
		t.Fatal(err)
	}
	if err := hub.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, sent := hub.SendMessage(t.Context(), "a", testnet.Command("x"), true, 0)
	_, queued := hub.SendAsync(t.Context(), "a", testnet.Command("x"), 0)
	_, broadcast := hub.Broadcast(t.Context(), testnet.Command("x"))
	for what, err := range map[string]error{"SendMessage": sent, "SendAsync": queued, "Broadcast": broadcast} {
		if !errors.Is(err, qerrors.ErrDraining) || !errors.Is(err, qerrors.ErrNotSent) {
			t.Errorf("%s: %v", what, err)
		}
	}
}
