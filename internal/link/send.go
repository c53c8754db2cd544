package link

import (
	"time"

	"github.com/voilet/QuicFlow/internal/wire"
	"github.com/voilet/QuicFlow/pkg/callback"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// send queues m, which the link does not keep. With a it returns the promise of the
// acknowledgement. Every error means that nothing was sent, and that there is no promise.
func (l *Link) send(w *Wait, m *protocol.DataMessage, a *awaited) (*callback.Promise, error) {
	if err := l.takes(m.Type, len(m.Payload)); err != nil {
		return nil, err
	}
	if m.OrderingKey != "" {
		if err := l.afterResent(w); err != nil {
			return nil, err
		}
	}
	p := parcel{payload: len(m.Payload), lane: classOf(m.Priority), ordered: m.OrderingKey != ""}
	if a == nil {
		m.Number = l.talk.promises.Next()
	} else {
		a.Timeout = w.deadline.Sub(w.begun)
		p.promise = l.talk.promises.New(&a.Sent, a.lent)
		m.Number = p.promise.Number()
	}
	m.AcksSeen = l.report()
	p.size = wire.DataSize(m)
	err := l.queue(w, &p, m)
	if err != nil && p.promise != nil {
		p.promise.Discard()
		return nil, err
	}
	return p.promise, err
}

func (l *Link) queue(w *Wait, p *parcel, m *protocol.DataMessage) (err error) {
	if p.large() && !p.ordered {
		if p.frame, err = l.cfg.encode(m, p.size); err != nil {
			return err
		}
	}
	return l.out.put(w, p, m)
}

// takes returns an error unless the peer takes a message of this type, with a payload of n
// bytes.
func (l *Link) takes(t protocol.MessageType, n int) error {
	if l.may != nil {
		if err := l.may.MayReceive(t); err != nil {
			return denied(err)
		}
	}
	if n > l.peerMax {
		return qerrors.New(qerrors.PayloadTooLarge,
			"a payload of %d bytes is over the peer's limit of %d: split it, or raise MaxPayload (-max-payload) there", n, l.peerMax)
	}
	return nil
}

// pingPadding makes the packet of a ping large enough for a stateless reset to be
// the answer, where the peer was restarted.
const pingPadding = 32

// Ping asks the peer for a sign of life.
func (l *Link) Ping() {
	l.cfg.Metrics.HeartbeatsSent.Add(1)
	l.out.control(&protocol.Frame{Kind: &protocol.Frame_Ping{Ping: &protocol.Ping{
		Padding: make([]byte, pingPadding), AcksSeen: l.acksSeen.Load(),
	}}})
}

// CheckHeartbeat closes the connection when maxStrikes checks in a row have found
// the peer silent for longer than timeout, and returns the strikes so far. It
// samples the state of the connection, too.
func (l *Link) CheckHeartbeat(timeout time.Duration, maxStrikes int) (strikes int) {
	l.sample()
	strikes = l.session.Check(timeout)
	if strikes == 0 {
		return 0
	}
	l.cfg.Log.Warn("the peer is silent", "client_id", l.session.ClientID(),
		"silence", l.session.Silence().Round(time.Millisecond), "strike", strikes, "strikes_max", maxStrikes)
	if strikes == maxStrikes {
		l.cfg.Metrics.HeartbeatTimeouts.Add(1)
		l.cfg.Events.HeartbeatTimeout(l.session.ClientID())
		l.conn.Close(qerrors.HeartbeatTimeout, "nothing was heard for too long")
	}
	return strikes
}
