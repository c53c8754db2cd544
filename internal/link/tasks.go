package link

import (
	"context"
	"sync"
)

// Tasks counts the messages of all links whose handlers have yet to answer. The
// zero value counts none.
type Tasks struct {
	mu   sync.Mutex
	n    int
	idle chan struct{} // closed when n is 0 again; nil while nobody waits
}

func (t *Tasks) add() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.n++
}

func (t *Tasks) done() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.n--
	if t.n == 0 && t.idle != nil {
		close(t.idle)
		t.idle = nil
	}
}

// Len returns how many there are.
func (t *Tasks) Len() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.n
}

// Wait waits until there are none, or until ctx ends, and returns how many are left.
func (t *Tasks) Wait(ctx context.Context) int {
	for {
		t.mu.Lock()
		n := t.n
		if t.idle == nil {
			t.idle = make(chan struct{})
		}
		idle := t.idle
		t.mu.Unlock()
		if n == 0 || ctx.Err() != nil {
			return n
		}
		select {
		case <-idle:
		case <-ctx.Done():
		}
	}
}
