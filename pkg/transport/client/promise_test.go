package client_test

import (
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/voilet/QuicFlow/internal/testnet"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/transport/client"
)

func TestPromiseTimeouts(t *testing.T) {
	withDeadline := func(d time.Duration) func(context.Context) (context.Context, context.CancelFunc) {
		return func(ctx context.Context) (context.Context, context.CancelFunc) { return context.WithTimeout(ctx, d) }
	}
	cancelAfter := func(d time.Duration, cause error) func(context.Context) (context.Context, context.CancelFunc) {
		return func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancelCause(ctx)
			time.AfterFunc(d, func() { cancel(cause) })
			return ctx, func() { cancel(nil) }
		}
	}
	for _, test := range []struct {
		name    string
		ctx     func(context.Context) (context.Context, context.CancelFunc)
		timeout time.Duration
		after   time.Duration
		code    qerrors.Code
		is      error
	}{
		{"timeout", context.WithCancel, 2 * time.Second, 2 * time.Second, qerrors.Timeout, context.DeadlineExceeded},
		{"deadline", withDeadline(3 * time.Second), 0, 3 * time.Second, qerrors.Timeout, context.DeadlineExceeded},
		{"deadline before timeout", withDeadline(time.Second), time.Minute, time.Second, qerrors.Timeout, qerrors.ErrTimeout},
		{"timeout before deadline", withDeadline(time.Minute), time.Second, time.Second, qerrors.Timeout, qerrors.ErrTimeout},
		{"neither", context.WithCancel, 0, 30 * time.Second, qerrors.Timeout, qerrors.ErrOutcomeUnknown},
		{"cancelled", cancelAfter(time.Second, nil), 0, time.Second, qerrors.Canceled, context.Canceled},
		{"cancelled with a cause", cancelAfter(time.Second, net.ErrClosed), 0, time.Second, qerrors.Canceled, net.ErrClosed},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := testnet.Virtual(t)
				silent(n)
				c := n.Client("a", testnet.Echo(), nil)
				n.Connect(c)
				ctx, cancel := test.ctx(t.Context())
				defer cancel()
				begun := time.Now()
				_, err := c.SendMessage(ctx, testnet.Command("x"), true, test.timeout)
				if d := time.Since(begun); d < test.after || d > test.after+20*time.Millisecond {
					t.Errorf("it took %v, want %v", d, test.after)
				}
				if qerrors.CodeOf(err) != test.code || !errors.Is(err, test.is) || !errors.Is(err, qerrors.ErrOutcomeUnknown) {
					t.Errorf("got %v", err)
				}
			})
		})
	}
}

func TestMaxPromises(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		silent(n)
		c := n.Client("a", testnet.Echo(), func(c *client.ClientConfig) { c.MaxPromises = 10 })
		n.Connect(c)
		for range 10 {
			if _, err := c.SendAsync(t.Context(), testnet.Command("x"), 5*time.Second); err != nil {
				t.Fatal(err)
			}
		}
		_, err := c.SendAsync(t.Context(), testnet.Command("x"), 5*time.Second)
		if !errors.Is(err, qerrors.ErrTooManyPromises) || !errors.Is(err, qerrors.ErrNotSent) {
			t.Errorf("the eleventh: %v", err)
		}
		if _, err := c.SendMessage(t.Context(), testnet.Command("x"), false, 0); err != nil {
			t.Errorf("without a promise: %v", err)
		}
		time.Sleep(6 * time.Second)
		if _, err := c.SendAsync(t.Context(), testnet.Command("x"), time.Second); err != nil {
			t.Errorf("after the others were over: %v", err)
		}
	})
}
