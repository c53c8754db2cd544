package link

import (
	"cmp"
	"context"
	"time"

	"github.com/voilet/QuicFlow/pkg/dispatcher"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// countDecoding counts err if it says that a peer sent what no frame is. All other
// errors of a reader are those of its stream.
func (c *Config) countDecoding(err error) {
	if code := qerrors.CodeOf(err); code == qerrors.ProtocolViolation || code == qerrors.FrameTooLarge {
		c.Metrics.DecodingErrors.Add(1)
	}
}

// receive acts on one frame, unless it is data or an acknowledgement.
func (l *Link) receive(kind any) error {
	switch kind := kind.(type) {
	case *protocol.Frame_Ping:
		l.out.seenSoFar(kind.Ping.GetAcksSeen())
		l.cfg.Metrics.HeartbeatsReceived.Add(1)
		// A peer that does not read its answers gets no pong either; they are a
		// sign of life as good as that. The control frames behind must not wait.
		if l.out.full.Load() {
			return nil
		}
		l.cfg.Metrics.HeartbeatsSent.Add(1)
		l.out.control(&protocol.Frame{Kind: &protocol.Frame_Pong{Pong: &protocol.Pong{
			Sequence: kind.Ping.GetSequence(), AcksSeen: l.acksSeen.Load(),
		}}})
		return nil
	case *protocol.Frame_Pong:
		l.out.seenSoFar(kind.Pong.GetAcksSeen())
		l.cfg.Metrics.HeartbeatsReceived.Add(1)
		return nil
	case *protocol.Frame_Taken:
		return l.out.taken()
	case *protocol.Frame_Opened:
		l.announce(1)
		return nil
	case *protocol.Frame_Seen:
		l.out.seen(kind.Seen.GetAcksSeen(), kind.Seen.GetNumber())
		return nil
	case *protocol.Frame_Cancel:
		l.talk.cancel(kind.Cancel.GetNumber())
		return nil
	case *protocol.Frame_GoAway:
		return l.receiveGoAway(kind.GoAway)
	case *protocol.Frame_Handled:
		return l.receiveHandled(kind.Handled)
	case *protocol.Frame_Complete:
		return l.receiveComplete()
	case *protocol.Frame_Hello, *protocol.Frame_Welcome:
		return qerrors.New(qerrors.ProtocolViolation, "a second hello or welcome")
	default: // perhaps a kind of a newer peer
		if l.cfg.Control != nil {
			l.cfg.Control(l, kind)
		}
		return nil
	}
}

// receiveData hands a message to the dispatcher, by way of the intake if there is
// one; see [dispatcher.Intake.Submit] for mine.
func (l *Link) receiveData(m *protocol.DataMessage, arrived time.Time, in *dispatcher.Intake) (mine bool, err error) {
	if len(m.MsgId) == 0 || len(m.MsgId) > MaxIDBytes {
		return true, qerrors.New(qerrors.ProtocolViolation, "a message id of %d bytes; 1 to %d are allowed", len(m.MsgId), MaxIDBytes)
	}
	if len(m.Payload) > l.cfg.MaxPayload {
		return true, qerrors.New(qerrors.PayloadTooLarge, "a payload of %d bytes; the limit is %d", len(m.Payload), l.cfg.MaxPayload)
	}
	if err := checkLimits(m); err != nil {
		return true, qerrors.New(qerrors.ProtocolViolation, "%w", err)
	}
	if l.cfg.Hub {
		m.SenderId = l.session.ClientID() // whatever the client says
	}
	l.session.MessagesReceived.Add(1)
	l.session.BytesReceived.Add(uint64(len(m.Payload)))
	if m.AcksSeen > 0 {
		l.out.seen(m.AcksSeen, 0)
	}
	if !m.WaitAck {
		m.Number = 0 // there is nothing to remember
	}
	if m.Resent && m.Number > 0 {
		if err := l.awaitAnswerRoom(in); err != nil {
			return true, err
		}
		if known, err := l.talk.repeated(l, m); known {
			l.cfg.Metrics.Repeated.Add(1)
			return true, err
		}
	}
	l.cfg.Events.MessageReceived(m.MsgId, l.session.ClientID())
	mine = true
	permitted, err := l.permit(m, in)
	if permitted {
		mine, err = l.handle(m, arrived, in)
	}
	if err != nil && !m.WaitAck {
		// Only the end of the connection interrupts the wait. The sender is told
		// that the outcome is unknown, if it asked.
		l.cfg.Metrics.Dropped.Add(qerrors.ConnectionLost, 1)
	}
	return mine, err
}

// handle hands m to the dispatcher, within a span if there are to be any.
func (l *Link) handle(m *protocol.DataMessage, arrived time.Time, in *dispatcher.Intake) (mine bool, err error) {
	if l.cfg.tracer == nil {
		return l.submit(l.cfg.base, arrived, m, l, in)
	}
	base, r := l.cfg.tracer.receive(l, m)
	mine, err = l.submit(base, arrived, m, r, in)
	if p, recorded := r.(*processing); recorded && err != nil {
		endSpan(p.span, nil, cmp.Or(l.conn.Cause(), err))
	}
	return mine, err
}

// submit hands m to the dispatcher, once there is room for it and its answer.
func (l *Link) submit(base context.Context, arrived time.Time, m *protocol.DataMessage,
	r dispatcher.Responder, in *dispatcher.Intake) (mine bool, err error) {
	if err := l.awaitAnswerRoom(in); err != nil {
		return true, err
	}
	l.cfg.Tasks.add()
	l.out.unanswered.Add(1)
	d := l.cfg.dispatcher.Load()
	t := d.NewTask(base, arrived, m, &l.talk.order, r)
	if m.Number > 0 && l.talk.calledOff(m.Number, arrived) {
		t.Cancel()
	}
	if mine = true; in != nil {
		mine, err = in.Submit(d, l.ctx, t)
	} else {
		s := stream{link: l}
		s.Slow(t)
		if err = d.Enqueue(l.ctx, t); err != nil {
			s.Late(t)
		}
	}
	if err != nil {
		l.out.unanswered.Add(-1)
		l.cfg.Tasks.done()
	}
	return mine, err
}

// awaitAnswerRoom waits until there is room for one answer more.
func (l *Link) awaitAnswerRoom(in *dispatcher.Intake) error {
	if l.out.answerable() {
		return nil
	}
	if in != nil {
		in.Rest()
	}
	return l.out.answerRoom(l.ctx)
}

// Respond implements dispatcher.Responder: the worker that ran the handler, or
// the timer that gave it up, puts the acknowledgement on its lane.
func (l *Link) Respond(o dispatcher.Outcome) {
	defer l.cfg.Tasks.done()
	ack := o.Ack
	l.limitResult(ack)
	l.cfg.countHandled(o)
	if ack.Status != protocol.AckStatus_ACK_STATUS_SUCCESS {
		l.session.HandlerFailures.Add(1)
		l.cfg.Log.Debug("a message was not handled", "client_id", l.session.ClientID(),
			"msg_id", o.ID, "code", qerrors.Code(ack.Code), "error", ack.Error)
	}
	l.talk.answer(l, o, ack)
	l.handledOne()
}

// handledOne counts the answer to a message that came on l, also if that was for the
// second time.
func (l *Link) handledOne() {
	l.out.answered()
	l.drain.handled.Add(1)
	l.advance()
}

// limitResult makes a failure of a result that the sender does not accept.
func (l *Link) limitResult(ack *protocol.AckMessage) {
	if len(ack.Result) <= l.peerMax {
		return
	}
	ack.Status, ack.Code = protocol.AckStatus_ACK_STATUS_FAILURE, uint32(qerrors.PayloadTooLarge)
	ack.Error = qerrors.New(qerrors.PayloadTooLarge,
		"the handler's result of %d bytes is over the sender's limit of %d", len(ack.Result), l.peerMax).Message
	ack.Result = nil
}

// receiveAcks hands on acknowledgements that came together, and returns how many somebody
// has waited for.
func (l *Link) receiveAcks(at time.Time, acks ...*protocol.AckMessage) (awaited int) {
	awaited = l.talk.promises.Complete(at, acks...)
	l.drain.acksReceived.Add(uint64(len(acks)))
	l.advance()
	return awaited
}
