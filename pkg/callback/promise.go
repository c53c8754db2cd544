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
// any number of times, but for those about its beginning and [Promise.Take].
type Promise struct {
	table *Table
	sent  Sent
	done  chan struct{} // closed when it completes; if it is lent, it has room for one, which is sent then
	lent  bool
	fails int64 // in which tick

	// Written by whoever took the promise out of its table, before done says so.
	ack *protocol.AckMessage
	err error
}

// MessageID returns the id of the message.
func (p *Promise) MessageID() string {
	if p.sent.ID == "" && p.table.hooks.ID != nil {
		return p.table.hooks.ID(p.sent.Number, p.sent.Begun)
	}
	return p.sent.ID
}

// Number returns the number of the message in its session.
func (p *Promise) Number() uint64 { return p.sent.Number }

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
			return p.ack, p.err
		case <-called:
			p.cancel(qerrors.FromContext(ctx))
		}
	}
	return p.Result()
}

// Take is Wait for a promise that is lent, and gives it back: it may not be used any more.
func (p *Promise) Take(ctx context.Context) (*protocol.AckMessage, error) {
	ack, err := p.Wait(ctx)
	p.giveBack()
	return ack, err
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
	t, number := p.table, p.sent.Number
	if t.abandon(number) == nil {
		return
	}
	p.fail(err, time.Now())
	if t.hooks.Abandoned != nil {
		t.hooks.Abandoned(number)
	}
}

// promise returns one for a message. Those that are lent are used again and again: the
// memory of one, and of its channel, costs as much as to send the message.
func (m *Manager) promise(lent bool) *Promise {
	if !lent {
		return &Promise{done: make(chan struct{})}
	}
	if p, ok := m.idle.Get().(*Promise); ok {
		return p
	}
	return &Promise{done: make(chan struct{}, 1), lent: true}
}

// giveBack keeps a promise that was lent for another message.
func (p *Promise) giveBack() {
	if !p.lent {
		return
	}
	m := p.table.manager
	p.table, p.sent, p.ack, p.err = nil, Sent{}, nil, nil
	m.idle.Put(p)
}
