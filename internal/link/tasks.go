package link

import (
	"context"
	"sync"
	"sync/atomic"
)

// Tasks counts the messages of all links whose handlers have yet to answer. The
// zero value counts none.
type Tasks struct {
	n       atomic.Int64
	awaited atomic.Bool // somebody has waited: makes done look at what follows

	mu   sync.Mutex
	idle chan struct{} // closed when n is 0 again; nil while nobody waits
}

func (t *Tasks) add() { t.n.Add(1) }

func (t *Tasks) done() {
	if t.n.Add(-1) > 0 || !t.awaited.Load() {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.idle != nil {
		close(t.idle)
		t.idle = nil
	}
}

// Len returns how many there are.
func (t *Tasks) Len() int { return int(t.n.Load()) }

// Wait waits until there are none, or until ctx ends, and returns how many are left.
func (t *Tasks) Wait(ctx context.Context) int {
	for {
		idle := t.whenIdle()
		// Looked at after idle is there for done to close: it cannot be missed.
		if n := t.Len(); n == 0 || ctx.Err() != nil {
			return n
		}
		select {
		case <-idle:
		case <-ctx.Done():
		}
	}
}

func (t *Tasks) whenIdle() <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.awaited.Store(true)
	if t.idle == nil {
		t.idle = make(chan struct{})
	}
	return t.idle
}
