package link

import (
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
	for _, number := range l.calledOff {
		l.talk.called(number)
	}
	l.calledOff = nil
	for _, number := range l.again {
		if l.repeat(number) != nil {
			return // the connection has ended, and the next one goes on with it
		}
	}
	l.again = nil
}

// afterResent waits until a message with an ordering key may be sent.
func (l *Link) afterResent(w *Wait) error {
	if l.hasResent() {
		return nil
	}
	select {
	case <-l.resent:
		return nil
	case <-l.ctx.Done():
		return qerrors.New(qerrors.ConnectionLost, "the connection has ended: %w", l.conn.Cause())
	case <-w.Context().Done():
		return qerrors.FromContext(w.Context())
	}
}

func (l *Link) hasResent() bool {
	select {
	case <-l.resent:
		return true
	default:
		return false
	}
}

// repeat queues a message, as soon as there is room, unless nobody waits for it any more.
func (l *Link) repeat(number uint64) error {
	o, table := &l.out, l.talk.promises
	var kind protocol.MessageType
	c, size := normal, -1
	table.IfWaiting(number, func(s *callback.Sent) {
		kind, c, size = s.Message.GetType(), classOf(s.Message.GetPriority()), len(s.Message.GetPayload())
	})
	if size < 0 {
		return nil
	}
	if err := l.takes(kind, size); err != nil { // as the peer did on the connection before
		table.Fail(number, qerrors.From(err))
		return nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	for b := &o.budgets[c]; b.used >= b.limit || b.closed != nil || o.largeData.active >= maxLarge; {
		if b.closed != nil {
			return b.closed
		}
		if err := o.wait(l.ctx, b); err != nil {
			return err
		}
	}
	var err error
	table.IfWaiting(number, func(s *callback.Sent) { err = l.encodeAgain(c, s) })
	return err
}

// encodeAgain queues a message that was sent before. It is called with the outbox's mutex
// held.
func (l *Link) encodeAgain(c class, s *callback.Sent) error {
	left := time.Until(s.Deadline())
	if left <= 0 {
		return nil // it fails at any moment
	}
	var m protocol.DataMessage
	fill(&m, s.Message, s.ID, s.Begun)
	l.cfg.address(&m, l.talk.clientID)
	m.Headers, m.WaitAck, m.Resent = s.Headers, true, true
	m.Number, m.TimeoutMs = s.Number, remaining(left, m.TimeoutMs)
	p := parcel{size: wire.DataSize(&m), payload: len(m.Payload), lane: c, ordered: m.OrderingKey != "", begun: true}
	if p.large() {
		frame, err := l.cfg.encode(&m, p.size)
		if err != nil {
			return nil // counted; it cannot be, for it was encoded before
		}
		p.frame = frame
	}
	l.cfg.Metrics.Resent.Add(1)
	return l.out.add(&p, &m)
}
