package link

import (
	"context"
	"fmt"
	"math"
	"time"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// DefaultTimeout is how long a sender waits when neither its ctx nor its timeout
// says.
const DefaultTimeout = 30 * time.Second

// Pick returns the link that a message is to go on. It may wait for one, with
// w.Context; without w it returns nil where it would have to. A link that has just
// refused the message is named in refused, and must not be returned again.
type Pick func(w *Wait, refused *Link) (*Link, error)

// Wait is how long a sender is ready to wait. The context with its deadline is
// made only when there is something to wait for, which is rare.
type Wait struct {
	ctx      context.Context
	begun    time.Time // when the sender called
	now      time.Time // when the latest attempt began
	deadline time.Time
	derived  context.Context
	cancel   context.CancelFunc
}

// pick asks pick for a link. What it is given is allocated only when it has to wait.
func (w *Wait) pick(pick Pick, refused *Link) (*Link, error) {
	l, err := pick(nil, refused)
	if l == nil && err == nil {
		waiting := *w
		l, err = pick(&waiting, refused)
		*w = waiting
	}
	return l, err
}

// Context ends with the sender's context, and at the deadline.
func (w *Wait) Context() context.Context {
	if w.derived == nil {
		w.derived, w.cancel = context.WithDeadline(w.ctx, w.deadline)
	}
	return w.derived
}

// remaining returns the time that is left of left, in milliseconds and at least one, or
// less if the caller has asked for less.
func remaining(left time.Duration, asked uint32) uint32 {
	ms := left.Milliseconds() + 1
	if asked > 0 && int64(asked) < ms {
		return asked
	}
	return uint32(min(max(ms, 1), math.MaxUint32))
}

// noRoom is the error of a sender whose wait for room has ended while so many bytes
// were before it, and elsewhere. It is a timeout as well, for errors.Is.
func (w *Wait) noRoom(used int, elsewhere string) error {
	over := qerrors.FromContext(w.Context())
	if over.Code != qerrors.Timeout {
		return over
	}
	return &qerrors.Error{Code: qerrors.QueueFull, Err: over, Message: fmt.Sprintf(
		"no room for %v, since %d bytes wait to be sent to this peer already%s: send less, or wait longer", w.deadline.Sub(w.begun), used, elsewhere)}
}

func (w *Wait) end() {
	if w.cancel != nil {
		w.cancel()
	}
}

func newWait(ctx context.Context, now time.Time, timeout time.Duration) (Wait, error) {
	if timeout < 0 {
		return Wait{}, qerrors.New(qerrors.InvalidArgument, "the timeout %v is negative: use 0 for the deadline of ctx", timeout)
	}
	if ctx.Err() != nil {
		return Wait{}, qerrors.FromContext(ctx)
	}
	deadline, ok := ctx.Deadline()
	if ok {
		deadline = now.Add(deadline.Sub(now)) // by the monotonic clock, whatever the caller has used
	} else if timeout == 0 {
		timeout = DefaultTimeout
	}
	if timeout > 0 {
		if d := now.Add(timeout); !ok || d.Before(deadline) {
			deadline = d
		}
	}
	return Wait{ctx: ctx, begun: now, now: now, deadline: deadline}, nil
}
