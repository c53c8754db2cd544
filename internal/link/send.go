package link

import (
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/voilet/QuicFlow/internal/wire"
	"github.com/voilet/QuicFlow/pkg/callback"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// send queues m, which the link does not keep. If m asks for an acknowledgement, it
// returns the promise of it, with whose completion span ends; source is kept till then.
// Every error means that nothing was sent, and that there is no promise.
func (l *Link) send(w *Wait, m, source *protocol.DataMessage, span trace.Span) (*callback.Promise, error) {
	if err := l.mayReceive(m.Type); err != nil {
		return nil, err
	}
	if len(m.Payload) > l.peerMax {
		return nil, l.tooLarge(len(m.Payload))
	}
	if m.OrderingKey != "" {
		if err := l.afterResent(w); err != nil {
			return nil, err
		}
	}
	m.AcksSeen = l.report()
	if m.WaitAck {
		m.Number = l.talk.promises.Next()
	}
	p := parcel{size: wire.DataSize(m), payload: len(m.Payload), lane: classOf(m.Priority), ordered: m.OrderingKey != "", span: span}
	if m.WaitAck {
		p.promises, p.source, p.begun, p.deadline = l.talk.promises, source, w.begun, w.deadline
	}
	if p.large() && !p.ordered {
		frame, err := l.cfg.encode(m, p.size)
		if err != nil {
			return nil, err
		}
		p.frame = frame
	}
	err := l.out.put(w, &p, m)
	return p.promise, err
}

func (l *Link) tooLarge(n int) *qerrors.Error {
	return qerrors.New(qerrors.PayloadTooLarge,
		"a payload of %d bytes is over the peer's limit of %d: split it, or raise MaxPayload (-max-payload) there", n, l.peerMax)
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
