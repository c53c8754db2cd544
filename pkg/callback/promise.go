// Package callback has promises: what a sender holds while it waits for the
// acknowledgement of a message.
//
// A [Manager] bounds how many there are for one client or server. Each session has a
// [Table] of those that its acknowledgements complete, on one connection or the next.
package callback

import (
	"context"
	"time"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// Promise is the acknowledgement of one message, to come. It completes exactly
// once: with the acknowledgement, or with an error when its time is up, it was
// cancelled, or the session has ended. All methods may be called from any goroutine,
// any number of times.
type Promise struct {
	table *Table
	sent  Sent
	done  chan struct{}

	// Written by whoever removed the promise from its table, before done is closed.
	ack *protocol.AckMessage
	err error

	fails int64 // in which tick
}

// MessageID returns the id of the message.
func (p *Promise) MessageID() string { return p.sent.ID }

// Type returns the type of the message.
func (p *Promise) Type() protocol.MessageType { return p.sent.Message.GetType() }

// Begun returns when the sending of the message began.
func (p *Promise) Begun() time.Time { return p.sent.Begun }

// Done returns a channel that is closed when the promise completes.
func (p *Promise) Done() <-chan struct{} { return p.done }

// Result waits until the promise completes, and returns the acknowledgement or
// the error. A FAILURE from the far handler is an acknowledgement, not an error.
func (p *Promise) Result() (*protocol.AckMessage, error) {
	<-p.done
	return p.ack, p.err
}

// Wait is Result for a caller that can be called off: when ctx ends first, the
// promise is cancelled with ctx's cause.
func (p *Promise) Wait(ctx context.Context) (*protocol.AckMessage, error) {
	if called := ctx.Done(); called != nil {
		select {
		case <-p.done:
		case <-called:
			p.cancel(qerrors.FromContext(ctx))
		}
	}
	return p.Result()
}

// Then calls f with the result, on a goroutine of its own, once the promise
// completes.
func (p *Promise) Then(f func(*protocol.AckMessage, error)) {
	go func() { f(p.Result()) }()
}

// Cancel completes the promise with an error for cause, unless it has completed.
// The receiver is told, and ends the handler's context; whether that has done its work
// by then is unknown.
func (p *Promise) Cancel(cause error) { p.cancel(qerrors.CanceledFor(cause)) }

func (p *Promise) cancel(err *qerrors.Error) {
	if p.fail(err) && p.table.onAbandon != nil {
		p.table.onAbandon(p.sent.Number)
	}
}

// Fail completes the promise with err, unless it has completed: it is unknown what became
// of the message.
func (p *Promise) Fail(err *qerrors.Error) { p.fail(err) }

func (p *Promise) fail(err *qerrors.Error) bool {
	abandoned := p.table.abandon(p)
	if abandoned {
		p.complete(nil, qerrors.Unknown(err))
	}
	return abandoned
}

// expire is called when its time is up.
func (p *Promise) expire() {
	p.fail(qerrors.New(qerrors.Timeout, "no acknowledgement within %v", p.sent.Timeout.Round(time.Millisecond)))
}

// complete is called exactly once, by whoever removed p from its table.
func (p *Promise) complete(ack *protocol.AckMessage, err error) {
	m := p.table.manager
	m.count(ack, err)
	p.ack, p.err = ack, err
	if p.table.onDone != nil {
		p.table.onDone(p, ack, err)
	}
	if p.sent.OnDone != nil {
		p.sent.OnDone(p, ack, err)
	}
	close(p.done)
}
