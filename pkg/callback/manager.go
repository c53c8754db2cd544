package callback

import (
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

// Table holds the promises of one connection by message id.
type Table struct {
	manager *Manager
	onDone  OnDone

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
// its promises.
func (m *Manager) NewTable(onDone OnDone) *Table {
	return &Table{manager: m, onDone: onDone, pending: make(map[string]*Promise)}
}

// Add makes a promise for a message whose sending began at some time; it fails at
// the deadline, up to 10 ms late. Add fails with TooManyPromises past the
// manager's limit, with DuplicateMessage when the id is awaited already, and with
// the table's own error once it is closed. onDone, which may be nil, is called
// after that of the table.
func (t *Table) Add(msg *protocol.DataMessage, begun, deadline time.Time, onDone OnDone) (*Promise, error) {
	m := t.manager
	if m.active.Add(1) > m.max {
		m.active.Add(-1)
		m.rejected.Add(1)
		return nil, qerrors.New(qerrors.TooManyPromises,
			"%d acknowledgements are awaited already: wait for some of them, or raise MaxPromises (-max-promises)", m.max)
	}
	p := &Promise{table: t, msgID: msg.MsgId, kind: msg.Type, begun: begun, timeout: deadline.Sub(begun), onDone: onDone, done: make(chan struct{})}
	if err := t.insert(p, deadline); err != nil {
		m.active.Add(-1)
		m.rejected.Add(1)
		return nil, err
	}
	m.created.Add(1)
	return p, nil
}

func (t *Table) insert(p *Promise, deadline time.Time) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed != nil {
		return t.closed
	}
	if _, taken := t.pending[p.msgID]; taken {
		return qerrors.New(qerrors.DuplicateMessage,
			"the message id %q is still waiting for its acknowledgement: use each id once", p.msgID)
	}
	if t.abandoned.has(p.msgID) {
		return qerrors.New(qerrors.DuplicateMessage,
			"nobody waits any more for the acknowledgement of an earlier message with the id %q, but it may still come: use another id", p.msgID)
	}
	t.pending[p.msgID] = p
	p.fails = t.manager.tickOf(deadline)
	t.watch(p.fails)
	return nil
}

// Complete hands ack to the promise that waits for it, and reports whether there
// was one.
func (t *Table) Complete(ack *protocol.AckMessage) bool {
	t.mu.Lock()
	p, ok := t.pending[ack.MsgId]
	delete(t.pending, ack.MsgId)
	if !ok {
		t.abandoned.remove(ack.MsgId)
	}
	t.mu.Unlock()
	if ok {
		p.complete(ack, nil)
	}
	return ok
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
	if t.pending[p.msgID] != p {
		return false
	}
	delete(t.pending, p.msgID)
	t.abandoned.add(p.msgID)
	return true
}
