package callback

import (
	"sync"
	"time"
)

const (
	wheelTick  = 10 * time.Millisecond
	wheelSlots = 512
)

// wheel is a hashed timing wheel (Varghese and Lauck, 1987): adding and removing
// a deadline costs a few pointers, where a timer for each message would cost a
// place in the runtime's heap. A deadline further ahead than one turn stays in
// its slot for another turn. While no promise waits, no timer runs.
type wheel struct {
	start time.Time // ticks are counted from here, by the monotonic clock

	mu    sync.Mutex
	slots []*Promise // made with the first promise
	count int
	next  int64 // the tick that is looked at next
	timer *time.Timer
}

func (w *wheel) add(p *Promise, deadline time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.slots == nil {
		w.slots = make([]*Promise, wheelSlots)
	}
	if w.count == 0 {
		w.next = w.tickOf(p.begun) + 1
		w.arm(p.begun)
	}
	w.count++
	p.deadline = deadline
	// Rounded up, and never into a slot that this turn has passed.
	tick := max(w.tickOf(deadline)+1, w.next)
	p.slot = int(tick % wheelSlots)
	p.next = w.slots[p.slot]
	if p.next != nil {
		p.next.prev = p
	}
	w.slots[p.slot] = p
}

func (w *wheel) remove(p *Promise) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if p.deadline.IsZero() {
		return // not in the wheel, or not any more
	}
	w.unlink(p)
}

func (w *wheel) unlink(p *Promise) {
	if p.prev != nil {
		p.prev.next = p.next
	} else {
		w.slots[p.slot] = p.next
	}
	if p.next != nil {
		p.next.prev = p.prev
	}
	p.prev, p.next, p.deadline = nil, nil, time.Time{}
	w.count--
}

// turn expires what is due and sets the timer for the next tick.
func (w *wheel) turn() {
	for _, p := range w.due(time.Now()) {
		p.expire()
	}
}

func (w *wheel) due(now time.Time) []*Promise {
	w.mu.Lock()
	defer w.mu.Unlock()
	var due []*Promise
	// After a pause of more than a turn, each slot is still looked at only once.
	for last := min(w.tickOf(now), w.next+wheelSlots-1); w.next <= last; w.next++ {
		for p := w.slots[w.next%wheelSlots]; p != nil; {
			following := p.next
			if !p.deadline.After(now) {
				w.unlink(p)
				due = append(due, p)
			}
			p = following
		}
	}
	w.next = max(w.next, w.tickOf(now)+1)
	if w.count > 0 {
		w.arm(now)
	}
	return due
}

// arm makes turn run at the beginning of the next tick: a timer set for a whole
// tick from now would make a deadline wait for up to two.
func (w *wheel) arm(now time.Time) {
	in := w.start.Add(time.Duration(w.next) * wheelTick).Sub(now)
	if w.timer == nil {
		w.timer = time.AfterFunc(in, w.turn)
	} else {
		w.timer.Reset(in)
	}
}

func (w *wheel) tickOf(t time.Time) int64 { return int64(t.Sub(w.start) / wheelTick) }
