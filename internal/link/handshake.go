package link

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/voilet/QuicFlow/internal/wire"
	"github.com/voilet/QuicFlow/pkg/callback"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
	"github.com/voilet/QuicFlow/pkg/session"
)

// SayHello is the client's side of the handshake. It returns the hub's welcome,
// or why there is none; then the connection is closed.
func (l *Link) SayHello(ctx context.Context, hello *protocol.Hello) (*protocol.Welcome, error) {
	hello.MaxPayloadBytes = uint64(l.cfg.MaxPayload)
	if err := l.openControl(ctx); err != nil {
		return nil, err
	}
	l.out.control(&protocol.Frame{Kind: &protocol.Frame_Hello{Hello: hello}})
	f, err := l.firstFrame(ctx)
	if err != nil {
		return nil, err
	}
	welcome := f.GetWelcome()
	if welcome == nil {
		return nil, l.refused(qerrors.New(qerrors.ProtocolViolation, "the hub's first frame is not a welcome"))
	}
	l.begin(welcome.SessionId, hello.ClientId, welcome.MaxPayloadBytes)
	l.live.Store(true)
	return welcome, nil
}

// AwaitHello is the first half of the hub's side of the handshake. It returns the
// client's hello, whose client id is well formed, or why there is none; then the
// connection is closed. [Link.Open] or [Link.Close] comes next.
func (l *Link) AwaitHello(ctx context.Context) (*protocol.Hello, error) {
	f, err := l.firstFrame(ctx)
	if err != nil {
		return nil, err
	}
	hello := f.GetHello()
	if hello == nil {
		return nil, l.refused(qerrors.New(qerrors.ProtocolViolation, "the first frame is not a hello"))
	}
	if err := CheckClientID(hello.ClientId); err != nil {
		return nil, l.refused(err)
	}
	hello.Software = strings.ToValidUTF8(hello.Software[:min(len(hello.Software), maxSoftware)], "")
	return hello, nil
}

// maxSoftware is how much of what a client says of its software is kept, in bytes:
// it is for a line of the log.
const maxSoftware = 64

// Open opens the session on the hub's side, after which messages may be sent to
// the client. [Link.Welcome] or [Link.Close] comes next.
func (l *Link) Open(ctx context.Context, hello *protocol.Hello, sessionID string) error {
	if err := l.openControl(ctx); err != nil {
		return err
	}
	l.begin(sessionID, hello.ClientId, hello.MaxPayloadBytes)
	return nil
}

// Welcome tells the client that the session is open. Data that is sent before
// cannot overtake it: the client reads the hub's first stream first.
func (l *Link) Welcome(welcome *protocol.Welcome) {
	welcome.SessionId = l.session.ID()
	welcome.MaxPayloadBytes = uint64(l.cfg.MaxPayload)
	l.out.control(&protocol.Frame{Kind: &protocol.Frame_Welcome{Welcome: welcome}})
	l.live.Store(true)
}

// openControl opens this side's first stream, which the peer accepts before any
// other.
func (l *Link) openControl(ctx context.Context) error {
	stream, err := l.conn.Open(ctx, control.urgency())
	if err != nil {
		return l.ended(ctx, err)
	}
	l.out.lanes[control].stream = stream
	return nil
}

// firstFrame reads the first frame of the peer's first stream.
func (l *Link) firstFrame(ctx context.Context) (*protocol.Frame, error) {
	stop := context.AfterFunc(ctx, func() { l.Refuse(tooLate(ctx)) })
	defer stop()
	stream, err := l.conn.Accept(ctx)
	if err != nil {
		return nil, l.ended(ctx, err)
	}
	r := wire.NewReader(stream, wire.MaxControlFrame)
	var f protocol.Frame
	n, err := r.Next()
	if err == nil {
		err = r.Read(n, &f)
	}
	l.cfg.countDecoding(err)
	if err != nil {
		r.Release()
		return nil, l.ended(ctx, err)
	}
	r.SetLimit(l.cfg.MaxPayload + wire.Overhead)
	l.first = r
	return &f, nil
}

// ended returns why the handshake could not go on, and closes the connection.
func (l *Link) ended(ctx context.Context, err error) error {
	if l.ctx.Err() != nil {
		return context.Cause(l.ctx)
	}
	if ctx.Err() != nil {
		return l.refused(tooLate(ctx))
	}
	var e *qerrors.Error
	if errors.As(err, &e) {
		return l.refused(e)
	}
	// The stream has failed, most likely because the connection has ended, whose
	// own reason comes a moment later. If not, this ends it.
	l.Refuse(qerrors.New(qerrors.ProtocolViolation, "the handshake was cut short: %w", err))
	<-l.ctx.Done()
	return context.Cause(l.ctx)
}

// tooLate says why a handshake ended with ctx.
func tooLate(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return qerrors.New(qerrors.HelloTimeout, "no hello or welcome in time")
	}
	return &qerrors.Error{Code: qerrors.Draining, Message: "closed during the handshake", Err: ctx.Err()}
}

func (l *Link) refused(err error) error {
	l.Refuse(err)
	return err
}

func (l *Link) begin(sessionID, clientID string, peerMax uint64) {
	l.session = session.New(sessionID, clientID, l.conn)
	l.out.session = l.session
	l.cfg.traffic.begin(l.session)
	l.peerMax = DefaultMaxPayload
	if peerMax > 0 {
		l.peerMax = int(min(peerMax, HighestMaxPayload))
	}
	l.promises = l.cfg.Promises.NewTable(l.answered)
}

// answered is called for each message that an acknowledgement was awaited for. One
// that says that the sender's time was over is as if none had come: which of both
// sides notices first is chance.
func (l *Link) answered(p *callback.Promise, ack *protocol.AckMessage, err error) {
	clientID := l.session.ClientID()
	late := qerrors.CodeOf(err) == qerrors.Timeout
	if ack.GetStatus() == protocol.AckStatus_ACK_STATUS_TIMEOUT {
		late = true
		l.cfg.Metrics.Failed.Add(qerrors.Timeout, 1)
	} else if err == nil {
		l.cfg.Metrics.Answered.Add(ack.Status)
		l.cfg.Metrics.RoundTrips.Observe(l.number, p.Type(), time.Since(p.Begun()))
	}
	if ack.GetStatus() != protocol.AckStatus_ACK_STATUS_SUCCESS {
		l.session.SendFailures.Add(1)
	}
	if late {
		l.cfg.Events.PromiseTimeout(p.MessageID(), clientID)
	}
	l.cfg.sent(p.MessageID(), clientID, err)
}
