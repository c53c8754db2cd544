package link

import (
	"sync/atomic"
	"time"
)

// early are the messages that were called off before this side knew of them: they are on
// their way, since what calls them off overtakes them, or the goroutine that reads runs
// their handlers; or they were answered, and will not come. The conversation's mutex
// guards it.
type early struct {
	any        atomic.Bool // whether there are some, for those who do not hold the mutex
	young, old map[uint64]struct{}
	since      time.Time // young has been
}

const (
	earlyKept = time.Minute // at least, and twice that at most
	maxEarly  = 1024        // of young; one more is as if it came too late
)

func (e *early) add(number uint64, now time.Time) {
	if e.turn(now); !e.any.Load() {
		e.since = now
	}
	if e.young == nil {
		e.young = make(map[uint64]struct{})
	}
	if len(e.young) < maxEarly {
		e.young[number] = struct{}{}
		e.any.Store(true)
	}
}

func (e *early) reset() {
	e.young, e.old = nil, nil
	e.any.Store(false)
}

// turn forgets what is too old.
func (e *early) turn(now time.Time) {
	switch age := now.Sub(e.since); {
	case age >= 2*earlyKept:
		e.young, e.old = nil, nil
	case age >= earlyKept:
		e.young, e.old, e.since = nil, e.young, now
	}
	e.any.Store(len(e.old)+len(e.young) > 0)
}

// take reports whether a message was called off, and forgets it.
func (e *early) take(number uint64) bool {
	_, young := e.young[number]
	_, old := e.old[number]
	delete(e.young, number)
	delete(e.old, number)
	return young || old
}

// cancel calls off a message of the peer.
func (v *Conversation) cancel(number uint64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if h := v.memory.handling[number]; h != nil {
		h.task.Cancel()
	} else {
		v.early.add(number, time.Now())
	}
}

// calledOff reports whether a message was called off that comes only now.
func (v *Conversation) calledOff(number uint64, now time.Time) bool {
	if !v.early.any.Load() {
		return false
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.early.turn(now)
	return v.early.take(number)
}
