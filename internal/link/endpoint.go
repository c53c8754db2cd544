package link

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/voilet/QuicFlow/pkg/callback"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// DefaultTimeout is how long a sender waits when neither its ctx nor its timeout
// says.
const DefaultTimeout = 30 * time.Second

// Pick returns the link that a message is to go on. It may wait for one, with
// w.Context; a link that has just refused the message is named in refused, and
// must not be returned again.
type Pick func(w *Wait, refused *Link) (*Link, error)

// Wait is how long a sender is ready to wait. The context with its deadline is
// made only when there is something to wait for, which is rare.
type Wait struct {
	ctx      context.Context
	deadline time.Time
	derived  context.Context
	cancel   context.CancelFunc
}

// Context ends with the sender's context, and at the deadline.
func (w *Wait) Context() context.Context {
	if w.derived == nil {
		w.derived, w.cancel = context.WithDeadline(w.ctx, w.deadline)
	}
	return w.derived
}

func (w *Wait) end() {
	if w.cancel != nil {
		w.cancel()
	}
}

func newWait(ctx context.Context, timeout time.Duration) (Wait, error) {
	if timeout < 0 {
		return Wait{}, qerrors.New(qerrors.InvalidArgument, "the timeout %v is negative: use 0 for the deadline of ctx", timeout)
	}
	if ctx.Err() != nil {
		return Wait{}, qerrors.FromContext(context.Cause(ctx))
	}
	deadline, ok := ctx.Deadline()
	if !ok && timeout == 0 {
		timeout = DefaultTimeout
	}
	if timeout > 0 {
		if d := time.Now().Add(timeout); !ok || d.Before(deadline) {
			deadline = d
		}
	}
	return Wait{ctx: ctx, deadline: deadline}, nil
}

// SendMessage sends a copy of msg on the link that pick returns. With waitAck it
// returns the acknowledgement; otherwise it returns once the message is queued.
func (c *Config) SendMessage(ctx context.Context, clientID string, pick Pick,
	msg *protocol.DataMessage, waitAck bool, timeout time.Duration) (*protocol.AckMessage, error) {
	if waitAck {
		p, err := c.SendAsync(ctx, clientID, pick, msg, timeout)
		if err != nil {
			return nil, err
		}
		return p.Wait(ctx)
	}
	out, err := c.outgoing(msg)
	if err != nil {
		return nil, qerrors.NotSent(err)
	}
	err = c.transmit(ctx, timeout, pick, func(w *Wait, l *Link) error {
		return l.send(w, out, nil)
	})
	c.Events.MessageSent(out.MsgId, clientID, err)
	return nil, err
}

// SendAsync sends a copy of msg on the link that pick returns, and returns the
// promise of its acknowledgement once the message is queued.
func (c *Config) SendAsync(ctx context.Context, clientID string, pick Pick,
	msg *protocol.DataMessage, timeout time.Duration) (p *callback.Promise, err error) {
	out, err := c.outgoing(msg)
	if err != nil {
		return nil, qerrors.NotSent(err)
	}
	out.WaitAck = true
	err = c.transmit(ctx, timeout, pick, func(w *Wait, l *Link) error {
		if left := time.Until(w.deadline).Milliseconds() + 1; out.TimeoutMs == 0 || left < int64(out.TimeoutMs) {
			out.TimeoutMs = uint32(min(max(left, 1), math.MaxUint32))
		}
		p, err = l.ask(w, out)
		return err
	})
	if err != nil {
		c.Events.MessageSent(out.MsgId, clientID, err)
		return nil, err
	}
	return p, nil
}

// transmit calls send for a link, and again for another when that one has ended
// meanwhile. Its errors are of messages that were not sent.
func (c *Config) transmit(ctx context.Context, timeout time.Duration, pick Pick,
	send func(w *Wait, l *Link) error) error {
	w, err := newWait(ctx, timeout)
	if err != nil {
		return qerrors.NotSent(err)
	}
	defer w.end()
	var refused *Link
	for {
		l, err := pick(&w, refused)
		if err != nil {
			return qerrors.NotSent(err)
		}
		err = send(&w, l)
		if !errors.Is(err, qerrors.ErrDraining) && !errors.Is(err, qerrors.ErrConnectionLost) {
			return qerrors.NotSent(err)
		}
		refused = l
	}
}

// outgoing returns a copy of msg that is ready to be sent, so that the caller may
// send the same message many times, and many goroutines at once.
func (c *Config) outgoing(msg *protocol.DataMessage) (*protocol.DataMessage, error) {
	if err := CheckMessage(msg, c.MaxPayload); err != nil {
		return nil, err
	}
	id := msg.MsgId
	if id == "" {
		var err error
		if id, err = c.ids.next(); err != nil {
			return nil, err
		}
	}
	return &protocol.DataMessage{
		MsgId:       id,
		SenderId:    msg.SenderId,
		ReceiverId:  msg.ReceiverId,
		Type:        msg.Type,
		Payload:     msg.Payload,
		Timestamp:   time.Now().UnixMilli(),
		Headers:     msg.Headers,
		Priority:    msg.Priority,
		OrderingKey: msg.OrderingKey,
		TimeoutMs:   msg.TimeoutMs,
	}, nil
}

// Broadcastable returns a copy of msg that is ready for [Encode].
func (c *Config) Broadcastable(msg *protocol.DataMessage) (*protocol.DataMessage, error) {
	out, err := c.outgoing(msg)
	if err == nil {
		out.ReceiverId = ""
	}
	return out, err
}
