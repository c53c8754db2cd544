package link

import (
	"context"
	"time"

	"github.com/voilet/QuicFlow/internal/wire"
	"github.com/voilet/QuicFlow/pkg/callback"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// resend sends again what was not acknowledged on earlier connections, in the order in
// which it was sent first. Messages with an ordering key wait for that; others may
// overtake.
func (l *Link) resend() {
	defer close(l.resent)
	for _, id := range l.calledOff {
		l.talk.called(id)
	}
	l.calledOff = nil
	for _, p := range l.again {
		if l.out.resend(l.ctx, l.talk, p) != nil {
			return // the connection has ended, and the next one goes on with it
		}
	}
	l.again = nil
}

// afterResent waits until a message with an ordering key may be sent.
func (l *Link) afterResent(w *Wait) error {
	select {
	case <-l.resent:
		return nil
	default:
	}
	select {
	case <-l.resent:
		return nil
	case <-l.ctx.Done():
		return qerrors.New(qerrors.ConnectionLost, "the connection has ended: %w", context.Cause(l.ctx))
	case <-w.Context().Done():
		return qerrors.FromContext(w.Context())
	}
}

// resend queues the message of p, as soon as there is room, unless nobody waits for it
// any more.
func (o *outbox) resend(ctx context.Context, v *Conversation, p *callback.Promise) error {
	table := v.promises
	c, waiting := normal, false
	table.IfWaiting(p, func(s callback.Sent) { c, waiting = classOf(s.Message.GetPriority()), true })
	if !waiting {
		return nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	for b := &o.budgets[c]; b.used >= b.limit || b.closed != nil || o.largeData.active >= maxLarge; {
		if b.closed != nil {
			return b.closed
		}
		if err := o.wait(ctx, b); err != nil {
			return err
		}
	}
	var err error
	table.IfWaiting(p, func(s callback.Sent) { err = o.repeat(v, c, s) })
	return err
}

// repeat encodes a message that was sent before. It is called with mu held.
func (o *outbox) repeat(v *Conversation, c class, s callback.Sent) error {
	var m protocol.DataMessage
	fill(&m, s.Message, s.ID, s.Begun)
	v.cfg.address(&m, v.clientID)
	m.Headers, m.WaitAck, m.Resent = s.Headers, true, true
	left := time.Until(s.Deadline()).Milliseconds()
	if left <= 0 {
		return nil // it fails at any moment
	}
	if m.TimeoutMs == 0 || int64(m.TimeoutMs) > left {
		m.TimeoutMs = uint32(left)
	}
	p := parcel{size: wire.DataSize(&m), payload: len(m.Payload), lane: c, ordered: m.OrderingKey != "", answered: true}
	if p.large() {
		frame, err := wire.AppendData(make([]byte, 0, p.size+wire.MaxHead), &m, p.size)
		if err != nil {
			return nil // it was encoded before
		}
		p.frame = frame
	}
	o.metrics.Resent.Add(1)
	return o.add(&p, &m)
}
