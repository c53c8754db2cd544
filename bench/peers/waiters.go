package main

import (
	"context"
	"errors"
	"sync"
)

// waiters are those who wait for answers on one connection, by the id of what they
// have asked. The zero value is ready.
type waiters struct {
	mu    sync.Mutex
	next  uint32
	asked map[uint32]chan error
	idle  []chan error
	ended bool
}

var errEnded = errors.New("the connection has ended")

// add returns an id, and a channel that gets nil when the answer is there.
func (w *waiters) add() (id uint32, answered chan error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if n := len(w.idle); n > 0 {
		answered, w.idle = w.idle[n-1], w.idle[:n-1]
	} else {
		answered = make(chan error, 1)
	}
	if w.ended {
		answered <- errEnded
		return 0, answered
	}
	if w.asked == nil {
		w.asked = make(map[uint32]chan error)
	}
	w.next++
	w.asked[w.next] = answered
	return w.next, answered
}

// done notes the answer to what has this id.
func (w *waiters) done(id uint32) {
	w.mu.Lock()
	answered := w.asked[id]
	delete(w.asked, id)
	w.mu.Unlock()
	if answered != nil {
		answered <- nil
	}
}

// wait waits for the answer, and as long for the end of ctx or of the connection.
func (w *waiters) wait(ctx context.Context, id uint32, answered chan error) (err error) {
	select {
	case err = <-answered:
	case <-ctx.Done():
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.asked, id) // the channel may get its value yet: it is not used again
		return context.Cause(ctx)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.idle = append(w.idle, answered)
	return err
}

// end tells all that there will be no answer.
func (w *waiters) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended = true
	for _, answered := range w.asked {
		answered <- errEnded
	}
	w.asked = nil
}
