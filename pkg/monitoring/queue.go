package monitoring

import (
	"context"
	"fmt"
	"runtime/debug"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// How many events may wait: of those about single messages, and in all.
const (
	maxWaitingMessages = 8192
	maxWaitingEvents   = 16 * maxWaitingMessages
)

// dropped counts events that were not queued.
type dropped struct{ messages, others int }

func (e *Events) post(call func()) { e.enqueue(call, maxWaitingEvents, &e.dropped.others) }

func (e *Events) postMessage(call func()) {
	e.enqueue(call, maxWaitingMessages, &e.dropped.messages)
}

func (e *Events) enqueue(call func(), limit int, dropped *int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.waiting) >= limit {
		e.metrics.EventsDropped.Add(1)
		*dropped++
		return
	}
	e.tellDropped()
	e.waiting = append(e.waiting, call)
	if !e.running {
		e.running = true
		go e.run()
	}
}

// tellDropped queues the news of what was dropped, behind what was queued before.
// The caller holds mu.
func (e *Events) tellDropped() {
	d := e.dropped
	if d == (dropped{}) {
		return
	}
	e.dropped = dropped{}
	if h := e.hooks.OnDropped; h != nil {
		e.waiting = append(e.waiting, func() { h(d.messages, d.others) })
	}
}

// run calls what waits and ends when nothing does.
func (e *Events) run() {
	ended := false
	defer func() {
		if !ended { // a hook has called runtime.Goexit
			go e.run()
		}
	}()
	for {
		call := e.next()
		if call == nil {
			ended = true
			return
		}
		e.call(call)
	}
}

// next takes the oldest call that waits. Without one it returns nil, and run has
// ended for all others to see.
func (e *Events) next() func() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.waiting) == 0 {
		e.tellDropped()
	}
	if len(e.waiting) > 0 {
		call := e.waiting[0]
		e.waiting[0] = nil // the array outlives it
		e.waiting = e.waiting[1:]
		return call
	}
	e.waiting, e.running = nil, false
	if e.idle != nil {
		close(e.idle)
		e.idle = nil
	}
	return nil
}

func (e *Events) call(hook func()) {
	defer func() {
		if p := recover(); p != nil {
			e.log.Error("an event hook panicked", "code", qerrors.Internal, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
		}
	}()
	hook()
}

// Wait returns when no event waits to be told, or with ctx's cause.
func (e *Events) Wait(ctx context.Context) error {
	e.mu.Lock()
	if !e.running {
		e.mu.Unlock()
		return nil
	}
	if e.idle == nil {
		e.idle = make(chan struct{})
	}
	idle := e.idle
	e.mu.Unlock()
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
