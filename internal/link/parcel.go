package link

import (
	"context"

	"go.opentelemetry.io/otel/trace"

	"github.com/voilet/QuicFlow/internal/wire"
	"github.com/voilet/QuicFlow/pkg/callback"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// parcel is one data message on its way to the peer.
type parcel struct {
	frame   []byte // already encoded: large, or shared by a broadcast
	size    int    // of the frame's body
	payload int    // bytes of the message's payload
	lane    class
	ordered bool // it has an ordering key, and must not leave its lane
	// For a message whose acknowledgement somebody awaits: the promise of it, which begins
	// when all else is done. So it waits if, and only if, the message is on its way.
	promise *callback.Promise
	begun   bool       // it has, because the message is sent again
	span    trace.Span // of a broadcast; nil for none
}

func (p *parcel) large() bool { return p.size > wire.LargeFrame }

// encode appends the frame of the message m, which is not kept: a parcel that had a
// pointer to it would put it on the heap. Then the promise begins.
func (p *parcel) encode(b []byte, m *protocol.DataMessage) (_ []byte, err error) {
	if p.frame != nil {
		b = append(b, p.frame...)
	} else if b, err = wire.AppendData(b, m, p.size); err != nil {
		return nil, err
	}
	return b, p.await()
}

func (p *parcel) await() error {
	if p.promise == nil || p.begun {
		return nil
	}
	return p.promise.Begin()
}

// silent counts the parcel if nobody would learn that it was lost.
func (p *parcel) silent() int {
	if p.promise != nil || p.begun {
		return 0
	}
	return 1
}

// Parcel is a message that was encoded once, for many links.
type Parcel struct {
	parcel
	id   string
	kind protocol.MessageType
}

// ID returns the id of the message.
func (p *Parcel) ID() string { return p.id }

// Pack encodes a copy of msg for [Link.Offer]. [Parcel.Offered] comes last.
func (c *Config) Pack(ctx context.Context, msg *protocol.DataMessage) (*Parcel, error) {
	var out protocol.DataMessage
	now := c.clock.now()
	if err := c.outgoing(&out, msg, now); err != nil {
		return nil, err
	}
	if out.ReceiverId = ""; out.MsgId == "" {
		out.MsgId = newID(now) // the same for all
	}
	span := c.beginSend(ctx, &out, "")
	size := wire.DataSize(&out)
	frame, err := c.encode(&out, size)
	if err != nil {
		endSpan(span, nil, err)
		c.Metrics.Failed.Add(qerrors.CodeOf(err), 1)
		return nil, qerrors.NotSent(err)
	}
	return &Parcel{
		parcel: parcel{frame: frame, size: size, payload: len(out.Payload), lane: classOf(out.Priority), ordered: out.OrderingKey != "", span: span},
		id:     out.MsgId,
		kind:   out.Type,
	}, nil
}

// encode returns a frame of m of its own.
func (c *Config) encode(m *protocol.DataMessage, size int) ([]byte, error) {
	frame, err := wire.AppendData(make([]byte, 0, size+wire.MaxHead), m, size)
	if err != nil {
		c.Metrics.EncodingErrors.Add(1)
	}
	return frame, err
}

// Offer queues p without waiting: it fails when the queue is full.
func (l *Link) Offer(p *Parcel) error {
	if err := l.takes(p.kind, p.payload); err != nil {
		return err
	}
	if p.ordered && !l.hasResent() {
		return qerrors.New(qerrors.QueueFull, "what the connection before did not do has to be sent first, for the order of messages with ordering keys")
	}
	return l.out.put(nil, &p.parcel, nil)
}
