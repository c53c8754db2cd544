package callback

import (
	"cmp"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/monitoring"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// DefaultMaxPromises is how many promises a manager allows unless told otherwise.
const DefaultMaxPromises = 50000

// Manager bounds and times the promises of one client or server.
type Manager struct {
	max    int64
	start  time.Time // ticks are counted from here, by the monotonic clock
	active atomic.Int64

	created, completed, timedOut, canceled, lost, rejected atomic.Uint64
}

// NewManager returns a manager of at most max promises at a time; 0 stands for
// [DefaultMaxPromises].
func NewManager(max int) *Manager {
	if max <= 0 {
		max = DefaultMaxPromises
	}
	return &Manager{max: int64(max), start: time.Now()}
}

// Active returns how many promises are outstanding.
func (m *Manager) Active() int { return int(m.active.Load()) }

// Stats returns how many promises there are, and what became of all others.
func (m *Manager) Stats() monitoring.Promises {
	return monitoring.Promises{
		Active: m.Active(), Max: int(m.max),
		Created: m.created.Load(), Completed: m.completed.Load(), TimedOut: m.timedOut.Load(),
		Canceled: m.canceled.Load(), Lost: m.lost.Load(), Rejected: m.rejected.Load(),
	}
}

// count counts the end of a promise. Which of both sides notices first that the
// time is over is chance.
func (m *Manager) count(ack *protocol.AckMessage, err error) {
	m.active.Add(-1)
	switch code := qerrors.CodeOf(err); {
	case code == qerrors.Timeout, ack.GetStatus() == protocol.AckStatus_ACK_STATUS_TIMEOUT:
		m.timedOut.Add(1)
	case code == qerrors.OK:
		m.completed.Add(1)
	case code == qerrors.Canceled:
		m.canceled.Add(1)
	default:
		m.lost.Add(1)
	}
}

// Table holds the promises of one session by message id, over all its connections.
type Table struct {
	manager   *Manager
	onDone    OnDone
	onAbandon func(number uint64)
	numbers   atomic.Uint64 // given so far

	mu        sync.Mutex
	pending   map[string]*Promise
	deadlines deadlines
	abandoned abandoned
	closed    error
}

// OnDone is told how a promise completes, just before it does, on the goroutine
// that completes it: it must be quick.
type OnDone func(p *Promise, ack *protocol.AckMessage, err error)

// NewTable returns an empty table. onDone, which may be nil, is called for each of
// its promises; onAbandon, which may be nil, with the number of each that is cancelled.
func (m *Manager) NewTable(onDone OnDone, onAbandon func(number uint64)) *Table {
	return &Table{manager: m, onDone: onDone, onAbandon: onAbandon, pending: make(map[string]*Promise)}
}

// Sent is a message whose acknowledgement is awaited.
type Sent struct {
	ID      string
	Number  uint64        // from [Table.Next]
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

// Add makes a promise. It fails with TooManyPromises past the manager's limit, with
// DuplicateMessage when the id is awaited already, and with the table's own error once
// it is closed.
func (t *Table) Add(s Sent) (*Promise, error) {
	m := t.manager
	if m.active.Add(1) > m.max {
		m.active.Add(-1)
		m.rejected.Add(1)
		return nil, qerrors.New(qerrors.TooManyPromises,
			"%d acknowledgements are awaited already: wait for some of them, or raise MaxPromises (-max-promises)", m.max)
	}
	p := &Promise{table: t, sent: s, done: make(chan struct{})}
	if err := t.insert(p); err != nil {
		m.active.Add(-1)
		m.rejected.Add(1)
		return nil, err
	}
	m.created.Add(1)
	return p, nil
}

func (t *Table) insert(p *Promise) error {
	id := p.sent.ID
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed != nil {
		return t.closed
	}
	if _, taken := t.pending[id]; taken {
		return qerrors.New(qerrors.DuplicateMessage,
			"the message id %q is still waiting for its acknowledgement: use each id once", id)
	}
	if t.abandoned.has(id) {
		return qerrors.New(qerrors.DuplicateMessage,
			"nobody waits any more for the acknowledgement of an earlier message with the id %q, but it may still come: use another id", id)
	}
	t.pending[id] = p
	p.fails = t.manager.tickOf(p.sent.Deadline())
	t.watch(p.fails)
	return nil
}

// Next returns the number of the next message, from 1.
func (t *Table) Next() uint64 { return t.numbers.Add(1) }

// Oldest returns the lowest number of the messages that are awaited, or would be next.
func (t *Table) Oldest() uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	oldest := t.numbers.Load() + 1
	for _, p := range t.pending {
		oldest = min(oldest, p.sent.Number)
	}
	return oldest
}

// Pending returns the promises that wait, in the order of their numbers.
func (t *Table) Pending() []*Promise {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.SortedFunc(maps.Values(t.pending), func(a, b *Promise) int { return cmp.Compare(a.sent.Number, b.sent.Number) })
}

// IfWaiting calls f with what p was made of, unless p has completed, which it does not
// while f runs.
func (t *Table) IfWaiting(p *Promise, f func(Sent)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.pending[p.sent.ID] == p {
		f(p.sent)
	}
}

// Forget forgets which acknowledgements of promises that nobody waits for may still come,
// because they cannot any more, and returns the numbers of the latest of those.
func (t *Table) Forget() []uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	numbers := t.abandoned.numbers()
	t.abandoned = abandoned{}
	return numbers
}

// Fail completes all promises with err but those that keep wants to keep, and forgets as
// Forget does.
func (t *Table) Fail(err error, keep func(Sent) bool) {
	var failed []*Promise
	t.mu.Lock()
	for id, p := range t.pending {
		if !keep(p.sent) {
			failed = append(failed, p)
			delete(t.pending, id)
		}
	}
	t.abandoned = abandoned{}
	t.mu.Unlock()
	for _, p := range failed {
		p.complete(nil, qerrors.Unknown(err))
	}
}

// Complete hands ack to the promise that waits for it, if there is one, and returns the
// number of that message.
func (t *Table) Complete(ack *protocol.AckMessage) (number uint64, found bool) {
	t.mu.Lock()
	p, ok := t.pending[ack.MsgId]
	delete(t.pending, ack.MsgId)
	if !ok {
		t.abandoned.remove(ack.MsgId)
	}
	t.mu.Unlock()
	if !ok {
		return 0, false
	}
	p.complete(ack, nil)
	return p.sent.Number, true
}

// Reject completes the promise that waits for a message with err, after which it is
// unknown whether it was handled.
func (t *Table) Reject(id string, err error) {
	t.mu.Lock()
	p, ok := t.pending[id]
	delete(t.pending, id)
	t.mu.Unlock()
	if ok {
		p.complete(nil, qerrors.Unknown(err))
	}
}

// Len returns how many promises wait.
func (t *Table) Len() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.pending)
}

// Close completes all promises, and refuses new ones, with err.
func (t *Table) Close(err error) {
	t.mu.Lock()
	pending := t.pending
	t.pending, t.closed = nil, err
	t.unwatch()
	t.mu.Unlock()
	for _, p := range pending {
		p.complete(nil, qerrors.Unknown(err))
	}
}

// abandon takes p out before its acknowledgement came, and reports whether it was
// still waiting; who gets true completes it.
func (t *Table) abandon(p *Promise) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.pending[p.sent.ID] != p {
		return false
	}
	delete(t.pending, p.sent.ID)
	t.abandoned.add(p.sent.ID, p.sent.Number)
	return true
}
