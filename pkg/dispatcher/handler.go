package dispatcher

import (
	"context"

	"github.com/voilet/QuicFlow/pkg/protocol"
)

// Handler handles messages of one type. OnMessage runs on a worker, or, while handlers of
// the type are quick, on the goroutine that reads its sender's messages, in the place of
// a worker; several run at once, also for messages of the same sender.
//
// The payload of the returned message becomes the result of the acknowledgement;
// nil stands for an empty result. An error becomes a FAILURE with the error's
// text. ctx ends at the handler timeout, at the sender's own deadline, and when
// this side stops; a handler that goes on after that holds its worker.
// The handler owns msg. The payload that it returns is no longer its own, and must not be
// changed: it is kept until the sender has it, which may be on another connection.
type Handler interface {
	OnMessage(ctx context.Context, msg *protocol.DataMessage) (*protocol.DataMessage, error)
}

// HandlerFunc is a function that serves as a [Handler].
type HandlerFunc func(ctx context.Context, msg *protocol.DataMessage) (*protocol.DataMessage, error)

// OnMessage calls f.
func (f HandlerFunc) OnMessage(ctx context.Context, msg *protocol.DataMessage) (*protocol.DataMessage, error) {
	return f(ctx, msg)
}

// Middleware wraps a handler with something that all handlers share: a log
// line, a trace, a permission check.
type Middleware func(next Handler) Handler
