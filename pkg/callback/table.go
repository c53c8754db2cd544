package callback

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// Table holds the promises of one session by the numbers of their messages, over all its
// connections.
type Table struct {
	manager *Manager
	hooks   Hooks
	numbers atomic.Uint64 // given so far

	mu        sync.Mutex
	waiting   ring
	deadlines deadlines
	abandoned abandoned
	closed    error
}

// Hooks are what the owner of a table is asked and told. Each may be nil.
type Hooks struct {
	// Done is told how each promise completes.
	Done OnDone
	// Abandoned is told the number of each message whose promise was cancelled.
	Abandoned func(number uint64)
	// ID returns the id of a message that was given none.
	ID func(number uint64, begun time.Time) string
}

// OnDone is told how and when a promise completes, just before it does, on the goroutine
// that completes it: it must be quick.
type OnDone func(p *Promise, ack *protocol.AckMessage, err error, at time.Time)

// NewTable returns an empty table.
func (m *Manager) NewTable(h Hooks) *Table { return &Table{manager: m, hooks: h} }

// Sent is a message whose acknowledgement is awaited.
type Sent struct {
	ID      string        // empty for the one that the hooks make of number and time
	Number  uint64        // set by [Table.New]
	Begun   time.Time     // when its sending began
	Timeout time.Duration // after which the promise fails, up to 10 ms late
	OnDone  OnDone        // called after that of the table; may be nil

	// What it takes to send it again: the message of the caller, which may be changed only
	// once the promise has completed, and the headers that it was sent with.
	Message *protocol.DataMessage
	Headers map[string]string
}

// Deadline returns when the promise fails.
func (s *Sent) Deadline() time.Time { return s.Begun.Add(s.Timeout) }

// Next returns the number of the next message, from 1.
func (t *Table) Next() uint64 { return t.numbers.Add(1) }

// New makes the promise of a message that is about to be sent, and gives that a number.
// [Promise.Begin] or [Promise.Discard] comes next. One that is lent has to be given back
// with [Promise.Take], and nobody else may have it.
func (t *Table) New(s *Sent, lent bool) *Promise {
	p := t.manager.promise(lent)
	p.table, p.sent = t, *s
	p.sent.Number = t.Next()
	return p
}

// Begin has the promise wait for the acknowledgement from now on, which may come at any
// moment. It fails with TooManyPromises past the manager's limit, and with the table's own
// error once that is closed; [Promise.Discard] comes next then.
func (p *Promise) Begin() error {
	t := p.table
	if err := t.manager.enter(); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed != nil {
		t.manager.active.Add(-1)
		t.manager.rejected.Add(1)
		return t.closed
	}
	p.fails = t.manager.tickOf(p.sent.Deadline())
	t.waiting.add(p)
	t.watch(p.fails)
	t.manager.created.Add(1)
	return nil
}

// Discard gives up a promise that has not begun.
func (p *Promise) Discard() { p.giveBack() }

// Oldest returns the lowest number of the messages that are awaited, or would be next.
func (t *Table) Oldest() uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	oldest := t.numbers.Load() + 1
	for p := range t.waiting.all() {
		oldest = min(oldest, p.sent.Number)
	}
	return oldest
}

// Pending returns the numbers of the messages that are awaited, in order.
func (t *Table) Pending() (numbers []uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for p := range t.waiting.all() {
		numbers = append(numbers, p.sent.Number)
	}
	slices.Sort(numbers)
	return numbers
}

// IfWaiting calls f with a message that is awaited, and nothing ends that while f runs.
func (t *Table) IfWaiting(number uint64, f func(*Sent)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if p := t.waiting.get(number); p != nil {
		f(&p.sent)
	}
}

// Forget forgets which acknowledgements of promises that nobody waits for may still come,
// because they cannot any more, and returns the numbers of the latest of those.
func (t *Table) Forget() []uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.abandoned.take()
}

// FailAll completes all promises with err but those that keep wants to keep, and forgets as
// Forget does.
func (t *Table) FailAll(err error, keep func(*Sent) bool) {
	var failed []*Promise
	t.mu.Lock()
	for p := range t.waiting.all() {
		if !keep(&p.sent) {
			failed = append(failed, p)
		}
	}
	for _, p := range failed {
		t.waiting.take(p.sent.Number)
	}
	t.abandoned.take()
	t.mu.Unlock()
	t.failed(failed, err)
}

// Fail completes the promise of a message with err, if it is awaited: it is unknown what
// became of that.
func (t *Table) Fail(number uint64, err *qerrors.Error) {
	if p := t.abandon(number); p != nil {
		p.fail(err, time.Now())
	}
}

// Len returns how many promises wait.
func (t *Table) Len() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.waiting.n
}

// Close completes all promises, and refuses new ones, with err.
func (t *Table) Close(err error) {
	t.mu.Lock()
	waiting := slices.Collect(t.waiting.all())
	t.waiting, t.closed = ring{}, err
	t.unwatch()
	t.mu.Unlock()
	t.failed(waiting, err)
}

// failed completes promises that were taken out.
func (t *Table) failed(promises []*Promise, err error) {
	for _, p := range promises {
		p.fail(err, time.Now())
	}
}

// abandon takes the promise of a message out before its acknowledgement has come. Who gets
// it, and not nil, completes it.
func (t *Table) abandon(number uint64) *Promise {
	t.mu.Lock()
	defer t.mu.Unlock()
	p := t.waiting.take(number)
	if p != nil {
		t.abandoned.add(number)
	}
	return p
}
