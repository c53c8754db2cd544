package errors_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// TestFromContext: the code says how the context ended, and a cause of the
// caller's own can be found again.
func TestFromContext(t *testing.T) {
	own := errors.New("the user gave up")
	cancelled := func(cause error) context.Context {
		ctx, cancel := context.WithCancelCause(context.Background())
		cancel(cause)
		return ctx
	}
	late, cancel := context.WithTimeoutCause(context.Background(), 0, own)
	defer cancel()
	<-late.Done()
	for _, test := range []struct {
		name string
		ctx  context.Context
		code qerrors.Code
		is   error
	}{
		{"cancelled", cancelled(nil), qerrors.Canceled, context.Canceled},
		{"cancelled with a cause", cancelled(own), qerrors.Canceled, own},
		{"cancelled with a cause, as the standard library has it", cancelled(own), qerrors.Canceled, context.Canceled},
		{"cancelled with one of ours", cancelled(qerrors.ErrDraining), qerrors.Canceled, context.Canceled},
		{"timed out with a cause", late, qerrors.Timeout, own},
		{"timed out with a cause, as the standard library has it", late, qerrors.Timeout, context.DeadlineExceeded},
	} {
		if err := qerrors.FromContext(test.ctx); err.Code != test.code || !errors.Is(err, test.is) {
			t.Errorf("%s: got %v", test.name, err)
		}
	}
}

// TestOthersErrorsSayNothing: an Error that a caller cancels with is about another
// message. That one was not sent; nothing follows for this one.
func TestOthersErrorsSayNothing(t *testing.T) {
	other := fmt.Errorf("the first of the group: %w", qerrors.NotSent(qerrors.New(qerrors.UnknownClient, "gone")))
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(other)
	for name, err := range map[string]error{
		"FromContext":        qerrors.Unknown(qerrors.FromContext(ctx)),
		"CanceledFor":        qerrors.Unknown(qerrors.CanceledFor(other)),
		"Unknown of NotSent": qerrors.Unknown(fmt.Errorf("again: %w", qerrors.NotSent(context.Canceled))),
	} {
		if errors.Is(err, qerrors.ErrNotSent) || !errors.Is(err, qerrors.ErrOutcomeUnknown) {
			t.Errorf("%s: %v says that nothing was sent", name, err)
		}
		if errors.Is(err, qerrors.ErrUnknownClient) || qerrors.CodeOf(err) != qerrors.Canceled {
			t.Errorf("%s: %v has the code of another", name, err)
		}
	}
}
