package callback

import "time"

// StopTimer reports whether the table's timer was running.
func (t *Table) StopTimer() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.deadlines.timer != nil && t.deadlines.timer.Stop()
}

// DueAt looks for deadlines as if it were now, and returns how many have passed.
func (t *Table) DueAt(now time.Time) int { return len(t.due(now)) }
