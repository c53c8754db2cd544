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

// turn is the place of a task in an order.
type turn struct {
	order *Order
	key   string
}

// first reports whether t may be handled now. If not, next of the one before it
// returns it.
func (t *Task) first() bool {
	if t.turn == nil {
		return true
	}
	o, key := t.turn.order, t.turn.key
	o.mu.Lock()
	defer o.mu.Unlock()
	waiting, busy := o.keys[key]
	if o.keys == nil {
		o.keys = make(map[string][]*Task)
	}
	if busy {
		waiting = append(waiting, t)
	}
	o.keys[key] = waiting
	return !busy
}

// next returns whose turn it is after t, or nil.
func (t *Task) next() *Task {
	if t.turn == nil {
		return nil
	}
	o, key := t.turn.order, t.turn.key
	o.mu.Lock()
	defer o.mu.Unlock()
	waiting := o.keys[key]
	if len(waiting) == 0 {
		delete(o.keys, key)
		return nil
	}
	following := waiting[0]
	waiting[0] = nil
	o.keys[key] = waiting[1:]
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
