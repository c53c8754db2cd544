package dispatcher_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/voilet/QuicFlow/pkg/dispatcher"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// wrapping is a Responder that takes part in the handling.
type wrapping struct {
	answers
	wrap dispatcher.Middleware
}

func (w wrapping) Wrap(next dispatcher.Handler) dispatcher.Handler { return w.wrap(next) }

type wrappers struct{}

// naming returns a middleware that adds its name to what is in the context.
func naming(name string) dispatcher.Middleware {
	return func(next dispatcher.Handler) dispatcher.Handler {
		return dispatcher.HandlerFunc(func(ctx context.Context, m *protocol.DataMessage) (*protocol.DataMessage, error) {
			before, _ := ctx.Value(wrappers{}).(string)
			return next.OnMessage(context.WithValue(ctx, wrappers{}, before+name+" "), m)
		})
	}
}

func TestWrapperIsOutermost(t *testing.T) {
	d := commands(nil, func(ctx context.Context, _ *protocol.DataMessage) (*protocol.DataMessage, error) {
		return &protocol.DataMessage{Payload: []byte(ctx.Value(wrappers{}).(string))}, nil
	})
	d.Use(naming("first"), naming("second"))
	w := wrapping{newAnswers(), naming("wrapper")}
	submit(t, d, message("1", command), w)
	if got := string(w.next(t, "1", success, qerrors.OK).Result); got != "wrapper first second " {
		t.Errorf("the handler was called through %q", got)
	}
	submit(t, d, message("2", command), w.answers) // which wraps nothing
	if got := string(w.next(t, "2", success, qerrors.OK).Result); got != "first second " {
		t.Errorf("the handler of another message was called through %q", got)
	}
}

// What a wrapper gives the handler is still the context that the dispatcher ends.
func TestWrappedHandlerHasItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := commands(&dispatcher.Config{Timeout: time.Second}, func(ctx context.Context, _ *protocol.DataMessage) (*protocol.DataMessage, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		})
		w := wrapping{newAnswers(), naming("wrapper")}
		submit(t, d, message("1", command), w)
		w.next(t, "1", failed, qerrors.HandlerTimeout)
	})
}

// A wrapper that panics is no worse than a handler that does.
func TestWrapperPanics(t *testing.T) {
	var log bytes.Buffer
	d := commands(&dispatcher.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))}, replying("x"))
	w := wrapping{newAnswers(), func(dispatcher.Handler) dispatcher.Handler {
		return dispatcher.HandlerFunc(func(context.Context, *protocol.DataMessage) (*protocol.DataMessage, error) { panic("in the wrapper") })
	}}
	submit(t, d, message("1", command), w)
	if got := w.next(t, "1", failed, qerrors.HandlerPanic); !strings.Contains(got.Error, "in the wrapper") {
		t.Errorf("the failure says %q", got.Error)
	}
	if !strings.Contains(log.String(), "in the wrapper") {
		t.Errorf("the log does not say it: %s", &log)
	}
	submit(t, d, message("2", command), w.answers)
	w.next(t, "2", success, qerrors.OK)
}

// A message that is not handled is not wrapped either.
func TestNothingToWrap(t *testing.T) {
	d := dispatcher.NewDispatcher(nil)
	w := wrapping{newAnswers(), func(dispatcher.Handler) dispatcher.Handler {
		t.Error("there is no handler to wrap")
		return nil
	}}
	submit(t, d, message("1", command), w)
	w.next(t, "1", failed, qerrors.NoHandler)
}
