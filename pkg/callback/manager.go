package callback

import (
	"sync"
	"sync/atomic"
	"time"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/monitoring"
)

// DefaultMaxPromises is how many promises a manager allows unless told otherwise.
const DefaultMaxPromises = 50000

// Manager bounds and times the promises of one client or server.
type Manager struct {
	max    int64
	start  time.Time // ticks are counted from here, by the monotonic clock
	active atomic.Int64

	created, completed, timedOut, canceled, lost, rejected atomic.Uint64

	idle sync.Pool // of promises that may be used again
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

// enter takes the place of one promise more.
func (m *Manager) enter() error {
	if m.active.Add(1) > m.max {
		m.active.Add(-1)
		m.rejected.Add(1)
		return qerrors.New(qerrors.TooManyPromises,
			"%d acknowledgements are awaited already: wait for some of them, or raise MaxPromises (-max-promises)", m.max)
	}
	return nil
}

// failed counts a promise that has ended without an acknowledgement.
func (m *Manager) failed(code qerrors.Code) {
	m.active.Add(-1)
	switch code {
	case qerrors.Timeout:
		m.timedOut.Add(1)
	case qerrors.Canceled:
		m.canceled.Add(1)
	default:
		m.lost.Add(1)
	}
}
