package link

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/voilet/QuicFlow/internal/wire"
	"github.com/voilet/QuicFlow/pkg/dispatcher"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// read serves one stream of the peer until it or the connection ends. What it
// waits for, a place in the dispatcher's queue or room for answers, makes QUIC's
// flow control slow the sender of this stream, and of no other.
func (l *Link) read(r *wire.Reader) {
	defer r.Release()
	var f protocol.Frame
	arrived := time.Now()
	for {
		err := l.readFrame(r, &f, &arrived)
		f.Kind = nil // the message must not stay in memory while the stream is quiet
		switch {
		case err == nil:
		case errors.Is(err, io.EOF) || l.ctx.Err() != nil:
			return
		default:
			l.Refuse(err)
			return
		}
	}
}

// readFrame reads one frame and acts on it. arrived is when the frame before came;
// it stays so for all frames that arrived together.
func (l *Link) readFrame(r *wire.Reader, f *protocol.Frame, arrived *time.Time) error {
	before := r.Reads()
	n, err := r.Next()
	if err != nil {
		l.cfg.countDecoding(err)
		return err
	}
	if r.Reads() != before {
		*arrived = time.Now()
		l.session.Touch(*arrived)
	}
	if n > wire.LargeFrame {
		return l.readLarge(r, n, f)
	}
	if err := r.Read(n, f); err != nil {
		l.cfg.countDecoding(err)
		return err
	}
	return l.receive(f, *arrived)
}

// countDecoding counts err if it says that a peer sent what no frame is. All other
// errors of a reader are those of its stream.
func (c *Config) countDecoding(err error) {
	if code := qerrors.CodeOf(err); code == qerrors.ProtocolViolation || code == qerrors.FrameTooLarge {
		c.Metrics.DecodingErrors.Add(1)
	}
}

// readLarge bounds the memory that a peer can make this side hold with large
// frames: eight of data, which the peer has to count, and eight acknowledgements,
// which wait for each other.
func (l *Link) readLarge(r *wire.Reader, n int, f *protocol.Frame) error {
	lead, err := r.Lead()
	if err != nil {
		return err
	}
	if wire.LeadsAck(lead) {
		select {
		case l.largeAcks <- struct{}{}:
			defer func() { <-l.largeAcks }()
		case <-l.ctx.Done():
			return l.ctx.Err()
		}
	} else if l.largeReads.Add(1) > maxLarge {
		return qerrors.New(qerrors.ProtocolViolation, "more than %d large frames that are not taken", maxLarge)
	}
	if err := r.Read(n, f); err != nil {
		l.cfg.countDecoding(err)
		return err
	}
	if err := l.receive(f, time.Now()); err != nil || wire.LeadsAck(lead) {
		return err
	}
	l.largeReads.Add(-1) // first, because the peer may send the next one at once
	if f.GetData() != nil {
		l.out.control(&protocol.Frame{Kind: &protocol.Frame_Taken{Taken: &protocol.Taken{}}})
	}
	return nil
}

// receive acts on one frame.
func (l *Link) receive(f *protocol.Frame, arrived time.Time) error {
	switch kind := f.Kind.(type) {
	case *protocol.Frame_Data:
		return l.receiveData(kind.Data, arrived)
	case *protocol.Frame_Ack:
		l.receiveAck(kind.Ack)
		return nil
	case *protocol.Frame_Ping:
		l.cfg.Metrics.HeartbeatsReceived.Add(1)
		// A peer that does not read its answers gets no pong either; they are a
		// sign of life as good as that. The control frames behind must not wait.
		if l.out.full.Load() {
			return nil
		}
		l.cfg.Metrics.HeartbeatsSent.Add(1)
		l.out.control(&protocol.Frame{Kind: &protocol.Frame_Pong{Pong: &protocol.Pong{Sequence: kind.Ping.GetSequence()}}})
		return nil
	case *protocol.Frame_Pong: // it has done its work by arriving
		l.cfg.Metrics.HeartbeatsReceived.Add(1)
		return nil
	case *protocol.Frame_Taken:
		return l.out.taken()
	case *protocol.Frame_GoAway:
		return l.receiveGoAway(kind.GoAway)
	case *protocol.Frame_Handled:
		return l.receiveHandled(kind.Handled)
	case *protocol.Frame_Complete:
		return l.receiveComplete()
	case *protocol.Frame_Hello, *protocol.Frame_Welcome:
		return qerrors.New(qerrors.ProtocolViolation, "a second hello or welcome")
	default:
		return nil // a kind of a newer peer
	}
}

func (l *Link) receiveData(m *protocol.DataMessage, arrived time.Time) error {
	if len(m.MsgId) == 0 || len(m.MsgId) > MaxIDBytes {
		return qerrors.New(qerrors.ProtocolViolation, "a message id of %d bytes; 1 to %d are allowed", len(m.MsgId), MaxIDBytes)
	}
	if len(m.Payload) > l.cfg.MaxPayload {
		return qerrors.New(qerrors.PayloadTooLarge, "a payload of %d bytes; the limit is %d", len(m.Payload), l.cfg.MaxPayload)
	}
	if err := checkLimits(m); err != nil {
		return qerrors.New(qerrors.ProtocolViolation, "%w", err)
	}
	if l.cfg.Hub {
		m.SenderId = l.session.ClientID() // whatever the client says
	}
	l.session.MessagesReceived.Add(1)
	l.session.BytesReceived.Add(uint64(len(m.Payload)))
	l.cfg.Events.MessageReceived(m.MsgId, l.session.ClientID())
	if err := l.handle(m, arrived); err != nil {
		// Only the end of the connection interrupts the wait. The sender is told
		// that the outcome is unknown, if it asked.
		if !m.WaitAck {
			l.cfg.Metrics.Dropped.Add(qerrors.ConnectionLost, 1)
		}
		return err
	}
	return nil
}

// handle hands m to the dispatcher, within a span if there are to be any.
func (l *Link) handle(m *protocol.DataMessage, arrived time.Time) error {
	if l.cfg.tracer == nil {
		return l.submit(l.cfg.base, arrived, m, l)
	}
	base, r := l.cfg.tracer.receive(l, m)
	err := l.submit(base, arrived, m, r)
	if p, recorded := r.(*processing); recorded && err != nil {
		endSpan(p.span, nil, err)
	}
	return err
}

// submit hands m to the dispatcher, once there is room for it and its answer.
func (l *Link) submit(base context.Context, arrived time.Time, m *protocol.DataMessage, r dispatcher.Responder) error {
	if err := l.out.answerRoom(l.ctx); err != nil {
		return err
	}
	l.cfg.Tasks.add()
	l.out.unanswered.Add(1)
	if err := l.cfg.dispatcher.Load().Submit(l.ctx, base, arrived, m, r); err != nil {
		l.out.unanswered.Add(-1)
		l.cfg.Tasks.done()
		return err
	}
	return nil
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
			"msg_id", ack.MsgId, "code", qerrors.Code(ack.Code), "error", ack.Error)
	}
	if o.Wanted {
		if err := l.out.ack(ack); err != nil {
			l.cfg.Log.Debug("an acknowledgement was not sent", "client_id", l.session.ClientID(),
				"msg_id", ack.MsgId, "code", qerrors.CodeOf(err), "error", err)
		}
	}
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

func (l *Link) receiveAck(ack *protocol.AckMessage) {
	l.promises.Complete(ack) // one that nobody waits for any more came too late
	l.drain.acksReceived.Add(1)
	l.advance()
}
