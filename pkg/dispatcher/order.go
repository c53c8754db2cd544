package dispatcher

import (
	"context"
	"sync"
)

// Order has messages of the same key handled one after another, in the order in which
// they were submitted, those of different keys at once. It is usually that of one
// sender. The zero value is ready.
type Order struct {
	mu   sync.Mutex
	keys map[string][]*Task // those that wait for the one that has the key's turn
}

// first reports whether t may be handled now. If not, next of the one before it
// returns it.
func (t *Task) first() bool {
	o := t.order
	if o == nil {
		return true
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	waiting, busy := o.keys[t.key]
	if o.keys == nil {
		o.keys = make(map[string][]*Task)
	}
	if busy {
		waiting = append(waiting, t)
	}
	o.keys[t.key] = waiting
	return !busy
}

// next returns whose turn it is after t, or nil.
func (t *Task) next() *Task {
	o := t.order
	if o == nil {
		return nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	waiting := o.keys[t.key]
	if len(waiting) == 0 {
		delete(o.keys, t.key)
		return nil
	}
	following := waiting[0]
	waiting[0] = nil
	o.keys[t.key] = waiting[1:]
	return following
}

// giveUp passes the turn of t on, which is not handled after all.
func (t *Task) giveUp() {
	if following := t.next(); following != nil {
		go following.resume()
	}
}

// resume queues a task whose turn has come.
func (t *Task) resume() {
	_ = t.d.enqueue(context.Background(), t) // fails only when the context ends
}
