package monitoring

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// How many events may wait: of those about single messages, and in all.
const (
	maxWaitingMessages = 8192
	maxWaitingEvents   = 16 * maxWaitingMessages
)

// Events calls the hooks. All its methods return at once and may be called from
// any goroutine; where there is no hook they cost a nil check.
type Events struct {
	hooks   EventHooks
	log     *slog.Logger
	metrics *Metrics

	mu      sync.Mutex
	waiting []func()
	running bool
	idle    chan struct{} // closed when nothing waits or runs; nil if nobody asked
}

// NewEvents returns a caller of hooks, which may be nil.
func NewEvents(hooks *EventHooks, log *slog.Logger, metrics *Metrics) *Events {
	e := &Events{log: log, metrics: metrics}
	if hooks != nil {
		e.hooks = *hooks
	}
	return e
}

// Connect reports that a session began.
func (e *Events) Connect(clientID string) {
	if h := e.hooks.OnConnect; h != nil {
		e.post(func() { h(clientID) })
	}
}

// Disconnect reports that a session ended; an error with code OK counts as none.
func (e *Events) Disconnect(clientID string, err error) {
	if h := e.hooks.OnDisconnect; h != nil {
		if qerrors.CodeOf(err) == qerrors.OK {
			err = nil
		}
		e.post(func() { h(clientID, err) })
	}
}

// Reconnect reports a new connection after that many attempts.
func (e *Events) Reconnect(clientID string, attempts int) {
	if h := e.hooks.OnReconnect; h != nil {
		e.post(func() { h(clientID, attempts) })
	}
}

// HeartbeatTimeout reports a session that is given up for silence.
func (e *Events) HeartbeatTimeout(clientID string) {
	if h := e.hooks.OnHeartbeatTimeout; h != nil {
		e.post(func() { h(clientID) })
	}
}

// MessageSent reports the end of a send.
func (e *Events) MessageSent(msgID, clientID string, err error) {
	if h := e.hooks.OnMessageSent; h != nil {
		e.postMessage(func() { h(msgID, clientID, err) })
	}
}

// MessageReceived reports an arrival.
func (e *Events) MessageReceived(msgID, clientID string) {
	if h := e.hooks.OnMessageReceived; h != nil {
		e.postMessage(func() { h(msgID, clientID) })
	}
}

// Broadcast reports a broadcast.
func (e *Events) Broadcast(msgID string, total, failed int) {
	if h := e.hooks.OnBroadcast; h != nil {
		e.post(func() { h(msgID, total, failed) })
	}
}

// PromiseTimeout reports an acknowledgement that did not come in time.
func (e *Events) PromiseTimeout(msgID, clientID string) {
	if h := e.hooks.OnPromiseTimeout; h != nil {
		e.postMessage(func() { h(msgID, clientID) })
	}
}

// Error reports a failure that no caller is told of.
func (e *Events) Error(err error) {
	if h := e.hooks.OnError; h != nil {
		e.post(func() { h(err) })
	}
}

func (e *Events) post(call func()) { e.enqueue(call, maxWaitingEvents) }

func (e *Events) postMessage(call func()) { e.enqueue(call, maxWaitingMessages) }

func (e *Events) enqueue(call func(), limit int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.waiting) >= limit {
		e.metrics.EventsDropped.Add(1)
		return
	}
	e.waiting = append(e.waiting, call)
	if !e.running {
		e.running = true
		go e.run()
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
