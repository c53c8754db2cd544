package callback

import "time"

// Timed returns how many promises are in the wheel.
func (m *Manager) Timed() int {
	m.wheel.mu.Lock()
	defer m.wheel.mu.Unlock()
	return m.wheel.count
}

// StopTimer reports whether the wheel's timer was running.
func (m *Manager) StopTimer() bool {
	m.wheel.mu.Lock()
	defer m.wheel.mu.Unlock()
	return m.wheel.timer != nil && m.wheel.timer.Stop()
}

// DueAt turns the wheel as if it were now, and returns how many were due.
func (m *Manager) DueAt(now time.Time) int { return len(m.wheel.due(now)) }
