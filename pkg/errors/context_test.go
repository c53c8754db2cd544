package errors_test

import (
	"context"
	"errors"
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
		{"cancelled with one of ours", cancelled(qerrors.ErrDraining), qerrors.Draining, qerrors.ErrDraining},
		{"timed out with a cause", late, qerrors.Timeout, own},
		{"timed out with a cause, as the standard library has it", late, qerrors.Timeout, context.DeadlineExceeded},
	} {
		if err := qerrors.FromContext(test.ctx); err.Code != test.code || !errors.Is(err, test.is) {
			t.Errorf("%s: got %v", test.name, err)
		}
	}
}
