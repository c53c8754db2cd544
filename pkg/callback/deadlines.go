package callback

import (
	"math"
	"time"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// tick is how late a promise may fail.
const tick = 10 * time.Millisecond

// deadlines are those of a table's promises, whose mutex guards them. A timer for
// each promise would cost more than its acknowledgement, and so would an order among
// them: nearly all are answered long before. So there is one timer for a table. It is
// set for the earliest deadline that was there when it was set, finds nearly always that
// its promise was answered, and is set for the earliest that is there then. To find
// that it looks at all promises, so it runs once in a tick at most.
type deadlines struct {
	timer *time.Timer
	fires int64 // the tick at which it does; 0 while it is not set
}

// tickOf returns in which tick since the manager was made a promise with this deadline
// fails; the first is 1.
func (m *Manager) tickOf(deadline time.Time) int64 {
	in := min(max(deadline.Sub(m.start), 1), math.MaxInt64-tick) // so far away that nothing overflows
	return int64((in + tick - 1) / tick)
}

// watch makes sure that the timer runs at a tick. It is called with mu held.
func (t *Table) watch(at int64) {
	d := &t.deadlines
	if d.fires != 0 && d.fires <= at {
		return
	}
	d.fires = at
	in := time.Until(t.manager.start.Add(time.Duration(at) * tick))
	if d.timer == nil {
		d.timer = time.AfterFunc(in, t.expire)
	} else {
		d.timer.Reset(in)
	}
}

// expire fails the promises whose time is up. The timer runs it.
func (t *Table) expire() {
	now := time.Now()
	for _, number := range t.due(now) {
		if p := t.abandon(number); p != nil {
			p.fail(qerrors.New(qerrors.Timeout, "no acknowledgement within %v", p.sent.Timeout.Round(time.Millisecond)), now)
		}
	}
}

// due returns the numbers of the messages whose time is up, and sets the timer for the
// others.
func (t *Table) due(now time.Time) (due []uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.deadlines.fires = 0
	var next int64
	last := int64(now.Sub(t.manager.start) / tick)
	for p := range t.waiting.all() {
		if p.fails <= last {
			due = append(due, p.sent.Number)
		} else if next == 0 || p.fails < next {
			next = p.fails
		}
	}
	if next != 0 {
		t.watch(next)
	}
	t.waiting.tidy()
	return due
}

// unwatch stops the timer. It is called with mu held.
func (t *Table) unwatch() {
	if t.deadlines.timer != nil {
		t.deadlines.timer.Stop()
	}
}
