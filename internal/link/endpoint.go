package link

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/voilet/QuicFlow/pkg/callback"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// SendMessage sends a copy of msg on the link that pick returns. With waitAck it
// returns the acknowledgement; otherwise it returns once the message is queued.
func (c *Config) SendMessage(ctx context.Context, clientID string, pick Pick,
	msg *protocol.DataMessage, waitAck bool, timeout time.Duration) (*protocol.AckMessage, error) {
	if waitAck {
		// The caller waits, so its message stays as it is for as long as it may have to be
		// sent again.
		p, err := c.sendAsync(ctx, clientID, pick, msg, timeout, true)
		if err != nil {
			return nil, err
		}
		return p.Take(ctx)
	}
	now := c.clock.now()
	var out protocol.DataMessage
	if err := c.outgoing(&out, msg, now); err != nil {
		return nil, err
	}
	c.address(&out, clientID)
	span := c.beginSend(ctx, &out, clientID)
	_, err := c.transmit(ctx, now, timeout, pick, &out, nil)
	endSpan(span, nil, err)
	c.sent(out.MsgId, clientID, err)
	return nil, err
}

// SendAsync sends a copy of msg on the link that pick returns, and returns the
// promise of its acknowledgement once the message is queued.
func (c *Config) SendAsync(ctx context.Context, clientID string, pick Pick,
	msg *protocol.DataMessage, timeout time.Duration) (*callback.Promise, error) {
	if msg != nil {
		kept := new(protocol.DataMessage)
		fill(kept, msg, msg.MsgId, time.Time{})
		kept.Payload, kept.Headers = slices.Clone(msg.Payload), maps.Clone(msg.Headers)
		msg = kept
	}
	return c.sendAsync(ctx, clientID, pick, msg, timeout, false)
}

func (c *Config) sendAsync(ctx context.Context, clientID string, pick Pick,
	msg *protocol.DataMessage, timeout time.Duration, lent bool) (*callback.Promise, error) {
	now := c.clock.now()
	var out protocol.DataMessage
	if err := c.outgoing(&out, msg, now); err != nil {
		return nil, err
	}
	out.WaitAck = true
	c.address(&out, clientID)
	span := c.beginSend(ctx, &out, clientID)
	p, err := c.transmit(ctx, now, timeout, pick, &out, &awaited{
		Sent: callback.Sent{ID: out.MsgId, Begun: now, OnDone: onDone(span), Message: msg, Headers: out.Headers},
		lent: lent,
	})
	if err != nil {
		endSpan(span, nil, err)
		c.sent(out.MsgId, clientID, err)
	}
	return p, err
}

// sent is told how each send has ended.
func (c *Config) sent(msgID, clientID string, err error) {
	if err != nil {
		c.Metrics.Failed.Add(qerrors.CodeOf(err), 1)
	}
	c.Events.MessageSent(msgID, clientID, err)
}

// awaited is what the promise of a message is made of.
type awaited struct {
	callback.Sent
	lent bool // to this side, which gives it back
}

// transmit sends out on a link, and on another when that one has ended meanwhile. It
// returns the promise, if one is to be made. Its errors are of messages that were not sent.
func (c *Config) transmit(ctx context.Context, now time.Time, timeout time.Duration, pick Pick,
	out *protocol.DataMessage, a *awaited) (*callback.Promise, error) {
	w, err := newWait(ctx, now, timeout)
	if err != nil {
		return nil, qerrors.NotSent(err)
	}
	defer w.end()
	var refused *Link
	for {
		l, err := w.pick(pick, refused)
		if err != nil {
			return nil, qerrors.NotSent(err)
		}
		if out.WaitAck {
			out.TimeoutMs = remaining(w.deadline.Sub(w.now), out.TimeoutMs)
		}
		p, err := l.send(&w, out, a)
		if !errors.Is(err, qerrors.ErrDraining) && !errors.Is(err, qerrors.ErrConnectionLost) {
			return p, qerrors.NotSent(err)
		}
		refused, w.now = l, time.Now()
	}
}

// outgoing makes of out a copy of msg that is ready to be sent, so that the caller may
// send the same message many times, and many goroutines at once.
func (c *Config) outgoing(out, msg *protocol.DataMessage, now time.Time) error {
	if err := CheckMessage(msg, c.MaxPayload); err != nil {
		c.Metrics.Failed.Add(qerrors.CodeOf(err), 1)
		return qerrors.NotSent(err)
	}
	id := msg.MsgId
	if id == "" && (c.tracer != nil || c.Events.PerMessage()) {
		id = newID(now) // somebody wants to know it at once
	}
	fill(out, msg, id, now)
	return nil
}

// fill sets what a message to be sent has from msg.
func fill(out, msg *protocol.DataMessage, id string, now time.Time) {
	out.MsgId = id
	out.SenderId = msg.SenderId
	out.ReceiverId = msg.ReceiverId
	out.Type = msg.Type
	out.Payload = msg.Payload
	out.Timestamp = now.UnixMilli()
	out.Headers = msg.Headers
	out.Priority = msg.Priority
	out.OrderingKey = msg.OrderingKey
	out.TimeoutMs = msg.TimeoutMs
	out.Idempotent = msg.Idempotent
}

// address says on the hub whom a message is for, unless its application has.
func (c *Config) address(out *protocol.DataMessage, clientID string) {
	if c.Hub && out.ReceiverId == "" {
		out.ReceiverId = clientID
	}
}
