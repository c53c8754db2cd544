package monitoring

import (
	"log/slog"
	"sync"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// Events calls the hooks. All its methods return at once and may be called from
// any goroutine; where there is no hook they cost a nil check.
type Events struct {
	hooks   EventHooks
	log     *slog.Logger
	metrics *Metrics

	mu      sync.Mutex
	waiting []func()
	dropped dropped // since the last event that was queued
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

// PerMessage reports whether somebody is to be told of single messages.
func (e *Events) PerMessage() bool { return e.hooks.OnMessageSent != nil && e.perMessage() }

// MessageSent reports the end of a send.
func (e *Events) MessageSent(msgID, clientID string, err error) {
	if h := e.hooks.OnMessageSent; h != nil && e.perMessage() {
		e.postMessage(func() { h(msgID, clientID, err) })
	}
}

// MessageReceived reports an arrival.
func (e *Events) MessageReceived(msgID, clientID string) {
	if h := e.hooks.OnMessageReceived; h != nil && e.perMessage() {
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
	if h := e.hooks.OnPromiseTimeout; h != nil && e.perMessage() {
		e.postMessage(func() { h(msgID, clientID) })
	}
}

// Error reports a failure that no caller is told of.
func (e *Events) Error(err error) {
	if h := e.hooks.OnError; h != nil {
		e.post(func() { h(err) })
	}
}

func (e *Events) perMessage() bool { return e.hooks.PerMessage == nil || e.hooks.PerMessage.Load() }
