package dispatcher

import (
	"context"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// taskKey is the key under which the context of a handler has its task.
type taskKey struct{}

// FailureCode returns the code with which a message is answered whose handler returns
// err; ctx is the handler's, or made of it. That is what metrics count: once the
// time is up, it does not matter what the handler makes of that. With another ctx
// it is that of err.
func FailureCode(ctx context.Context, err error) qerrors.Code {
	t, ok := ctx.Value(taskKey{}).(*Task)
	switch {
	case !ok:
		return qerrors.CodeOf(err)
	case t.Err() == context.DeadlineExceeded && t.senders:
		return qerrors.DeadlinePassed
	case t.Err() == context.DeadlineExceeded:
		return qerrors.HandlerTimeout
	default:
		return t.codeOf(err)
	}
}

// codeOf returns the code for what a handler returned in time.
func (t *Task) codeOf(err error) qerrors.Code {
	if e, ok := err.(*qerrors.Error); ok && e.Code >= qerrors.NoHandler && e.Code <= qerrors.HandlerCanceled {
		return e.Code
	}
	if t.base.Err() != nil || t.is(bitCalledOff) {
		return qerrors.HandlerCanceled
	}
	return qerrors.HandlerFailed
}
