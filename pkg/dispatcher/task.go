package dispatcher

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// Task is one message on its way through its handler, and at the same time the
// context that the handler gets: most handlers never look at it, so its channel
// and its tie to the base context are made only when it is asked for them.
type Task struct {
	d         *Dispatcher
	base      context.Context
	msg       *protocol.DataMessage // the handler's own, once it runs
	id        string
	number    uint64 // of the message in its session
	responder Responder
	kind      protocol.MessageType
	worker    int32 // that has taken it
	waitAck   bool
	ran       bool          // the handler was called
	more      bool          // an intake has it
	senders   bool          // the deadline is the sender's
	fate      atomic.Uint32 // bits
	turn      *turn         // nil for none

	// Since the dispatcher was made, which takes a third of the place of a time.Time.
	arrived  time.Duration
	waited   time.Duration // from then until a worker took it
	deadline time.Duration // first the sender's, if senders; then the earlier of that and the handler's

	mu     sync.Mutex
	done   chan struct{} // made by the first call of Done
	untied func() bool   // undoes the tie to base
}

// Bits of a task's fate. Who sets one learns which were set before, so all that happens to a
// task at once has one order, without a lock.
const (
	bitAnswered  uint32 = 1 << iota
	bitCalledOff        // by the sender
	bitReturned         // the handler has
	bitTakenOver        // while the handler ran: another goroutine reads in the place of this one
	bitEnded            // the context has
	bitDeadline         // because of its deadline
	bitAsked            // there is a channel that is closed when it ends
)

func (t *Task) is(bit uint32) bool { return t.fate.Load()&bit != 0 }

var _ context.Context = (*Task)(nil)

// NewTask returns the task of msg, which has just arrived; r gets the outcome. The
// handler's context is derived from base. The sender's timeout counts from arrived, which
// is passed on so that messages that came together need the clock only once. With an
// order that is not nil, messages of the same OrderingKey are handled one after another.
// [Dispatcher.Enqueue] or [Intake.Submit] comes next.
func (d *Dispatcher) NewTask(base context.Context, arrived time.Time, msg *protocol.DataMessage, order *Order, r Responder) *Task {
	t := &Task{
		d: d, base: base, msg: msg, id: msg.MsgId, number: msg.Number, kind: msg.Type, waitAck: msg.WaitAck, responder: r,
		arrived: arrived.Sub(d.made),
	}
	if msg.TimeoutMs > 0 {
		t.deadline = t.arrived + time.Duration(msg.TimeoutMs)*time.Millisecond
		t.senders = true
	}
	if order != nil && msg.OrderingKey != "" {
		t.turn = &turn{order, msg.OrderingKey}
	}
	return t
}

// Number returns the number of the message in its session, 0 for none.
func (t *Task) Number() uint64 { return t.number }

// ID returns the id of the message.
func (t *Task) ID() string { return t.id }

// Wanted reports whether the sender waits for the outcome.
func (t *Task) Wanted() bool { return t.waitAck }

// Cancel ends the handler's context, or keeps the handler from being called. The outcome
// is a failure with HandlerCanceled, unless the handler gives another.
func (t *Task) Cancel() {
	t.fate.Or(bitCalledOff)
	t.end(bitEnded)
}

// Deadline returns when the handler has to be done.
func (t *Task) Deadline() (time.Time, bool) { return t.d.made.Add(t.deadline), true }

// Value returns what base has under key.
func (t *Task) Value(key any) any {
	if key == (taskKey{}) {
		return t
	}
	return t.base.Value(key)
}

// Done returns a channel that is closed at the deadline, when base ends, and
// after the handler returned.
func (t *Task) Done() <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.done == nil {
		t.done = make(chan struct{})
		if t.fate.Or(bitAsked)&bitEnded != 0 {
			close(t.done)
		} else {
			t.untied = context.AfterFunc(t.base, func() { t.endFor(t.base.Err()) })
		}
	}
	return t.done
}

// Err returns why Done was closed, or would be. What it has said once it keeps
// saying, so the end of base becomes the end of t when it is seen here.
func (t *Task) Err() error {
	if err := t.base.Err(); err != nil {
		t.endFor(err)
	}
	fate := t.fate.Load()
	if fate&bitEnded == 0 {
		return nil
	}
	if fate&bitAsked != 0 {
		<-t.Done() // somebody else may be about to close it
	}
	if fate&bitDeadline != 0 {
		return context.DeadlineExceeded
	}
	return context.Canceled
}

// endFor ends the context because base has.
func (t *Task) endFor(err error) {
	if errors.Is(err, context.DeadlineExceeded) {
		t.end(bitEnded | bitDeadline)
	} else {
		t.end(bitEnded)
	}
}

// end sets bits, of which one is bitEnded, and ends the context unless it has ended. It
// returns those that were set before.
func (t *Task) end(bits uint32) (before uint32) {
	for {
		before = t.fate.Load()
		if before&bitEnded != 0 {
			bits &^= bitDeadline // the first reason counts
		}
		if t.fate.CompareAndSwap(before, before|bits) {
			break
		}
	}
	if before&bitEnded == 0 && before&bitAsked != 0 {
		t.mu.Lock() // Done may be about to set untied
		defer t.mu.Unlock()
		close(t.done)
		t.untied()
	}
	return before
}

// expire answers in the handler's place and ends its context: in this order, so
// that what the handler makes of the end of its context does not come first.
func (t *Task) expire() {
	now := time.Since(t.d.made)
	if t.senders {
		t.respond(refusal(protocol.AckStatus_ACK_STATUS_TIMEOUT, qerrors.DeadlinePassed,
			"the handler did not finish within the sender's timeout"), false, now)
	} else {
		t.respond(failure(qerrors.HandlerTimeout, "the handler did not finish within its timeout"), false, now)
	}
	t.end(bitEnded | bitDeadline)
}
