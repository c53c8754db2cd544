package dispatcher

import (
	"time"
)

// watch makes the timer look after t.
func (w *worker) watch(t *Task, now time.Duration) {
	w.current.Store(t)
	// Looked at after current is set, while alarm does it the other way around: one
	// of both sees what the other has done.
	if fires := time.Duration(w.fires.Load()); fires == 0 || t.deadline < fires {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.arm(t.deadline, now)
	}
}

// arm sets the timer. The caller holds mu.
func (w *worker) arm(fires, now time.Duration) {
	w.fires.Store(int64(fires))
	if w.timer == nil {
		w.timer = time.AfterFunc(fires-now, w.alarm)
	} else {
		w.timer.Reset(fires - now)
	}
}

// alarm runs when the timer fires, beside the handler.
func (w *worker) alarm() {
	if t := w.overdue(time.Since(w.d.made)); t != nil {
		t.expire()
	}
}

// overdue returns the current task if its time is up, and sets the timer again
// if it is not.
func (w *worker) overdue(now time.Duration) *Task {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fires.Store(0)
	t := w.running()
	if t == nil {
		return nil
	}
	if t.deadline > now {
		w.arm(t.deadline, now)
		return nil
	}
	return t
}
