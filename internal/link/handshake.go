package link

import (
	"cmp"
	"context"
	"errors"
	"strings"

	"github.com/voilet/QuicFlow/internal/wire"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
	"github.com/voilet/QuicFlow/pkg/session"
)

// SayHello is the client's side of the handshake, of a connection that the conversation
// goes on with. It returns the hub's welcome, or why there is none; then the connection
// is closed.
func (l *Link) SayHello(ctx context.Context, talk *Conversation, hello *protocol.Hello) (*protocol.Welcome, error) {
	hello.MaxPayloadBytes = uint64(l.cfg.MaxPayload)
	hello.Resume, hello.IdBase = talk.resume(), uint64(talk.base)
	defer l.limit(ctx)()
	if err := l.openControl(ctx); err != nil {
		return nil, err
	}
	l.greet(&protocol.Frame{Kind: &protocol.Frame_Hello{Hello: hello}})
	f, err := l.firstFrame(ctx)
	if err != nil {
		return nil, err
	}
	welcome := f.GetWelcome()
	if welcome == nil {
		return nil, l.refused(qerrors.New(qerrors.ProtocolViolation, "the hub's first frame is not a welcome"))
	}
	resumed := welcome.Resumed && hello.Resume != nil && welcome.SessionId == hello.Resume.SessionId
	session, ok := talk.attach(l, func() bool { return resumed }, welcome.SessionId, welcome.Secret, welcome.Oldest)
	if !ok {
		return nil, l.refused(qerrors.New(qerrors.Internal, "the connection before has not ended"))
	}
	l.begin(session, hello.ClientId, welcome.MaxPayloadBytes, welcome.IdBase)
	l.live.Store(true)
	return welcome, nil
}

// AwaitHello is the first half of the hub's side of the handshake. It returns the
// client's hello, or what it asks for instead, whose client id is well formed; or why there
// is neither; then the connection is closed. [Link.Open], [Link.Enrolled] or [Link.Close]
// comes next.
func (l *Link) AwaitHello(ctx context.Context) (*protocol.Hello, *protocol.Enroll, error) {
	defer l.limit(ctx)()
	f, err := l.firstFrame(ctx)
	if err != nil {
		return nil, nil, err
	}
	hello, enroll := f.GetHello(), f.GetEnroll()
	if hello == nil && enroll == nil {
		return nil, nil, l.refused(qerrors.New(qerrors.ProtocolViolation, "the first frame is not a hello"))
	}
	if err := CheckClientID(cmp.Or(hello.GetClientId(), enroll.GetClientId())); err != nil {
		return nil, nil, l.refused(err)
	}
	if enroll != nil {
		return nil, enroll, nil
	}
	hello.Software = strings.ToValidUTF8(hello.Software[:min(len(hello.Software), MaxSoftware)], "")
	return hello, nil, nil
}

// MaxSoftware is how much of what a client says of its software is kept, in bytes:
// it is for a line of the log.
const MaxSoftware = 64

// Open opens the session on the hub's side, after which messages may be sent to
// the client. When the client asks to go on with the conversation, and shows that it is
// its own, it does; otherwise it begins anew, as session. A link that still has the conversation
// is closed with taken, and waited for. [Link.Welcome] or [Link.Close] comes next.
func (l *Link) Open(ctx context.Context, talk *Conversation, hello *protocol.Hello, session string, taken error) error {
	if err := l.openControl(ctx); err != nil {
		return err
	}
	resumes, secret := func() bool { return talk.knows(hello.Resume) }, newSecret()
	for {
		if id, ok := talk.attach(l, resumes, session, secret, hello.Resume.GetOldest()); ok {
			l.begin(id, hello.ClientId, hello.MaxPayloadBytes, hello.IdBase)
			return nil
		}
		before := talk.holder()
		if before == nil {
			continue // another connection of the same client may be quicker
		}
		before.Refuse(taken)
		select {
		case <-before.done:
		case <-ctx.Done():
			return l.refused(tooLate(ctx))
		}
	}
}

// Welcome tells the client that the session is open. Data that is sent before
// cannot overtake it: the client reads the hub's first stream first.
func (l *Link) Welcome(welcome *protocol.Welcome) {
	welcome.SessionId, welcome.Resumed = l.session.ID(), l.resumed
	mine := l.talk.resume()
	welcome.Secret, welcome.Oldest, welcome.IdBase = mine.Secret, mine.Oldest, uint64(l.talk.base)
	welcome.MaxPayloadBytes = uint64(l.cfg.MaxPayload)
	welcome.Epoch = l.cfg.Epoch
	l.greet(&protocol.Frame{Kind: &protocol.Frame_Welcome{Welcome: welcome}})
	l.live.Store(true)
}

// openControl opens this side's first stream, which the peer accepts before any
// other.
func (l *Link) openControl(ctx context.Context) error {
	stream, err := l.conn.Open(ctx, control.urgency())
	if err != nil {
		return l.ended(ctx, err)
	}
	// Until greet has written, other frames wait as if somebody wrote already: who stops
	// waiting for a message of the connection before has a Cancel sent on this one.
	l.out.lanes[control].stream, l.out.lanes[control].flushing = stream, true
	return nil
}

// greet writes the first control frame, so that no flusher has to. A welcome, which nobody
// limits the time of, fits into what QUIC takes without waiting for the peer. An error would
// be that of a connection that has ended, which is noticed elsewhere.
func (l *Link) greet(f *protocol.Frame) {
	frame, err := wire.AppendFrame(nil, f)
	if err == nil {
		_, _ = l.out.lanes[control].stream.Write(frame)
	}
	l.out.handOn(control)
}

// limit closes the connection if ctx ends before stop is called.
func (l *Link) limit(ctx context.Context) (stop func() bool) {
	return context.AfterFunc(ctx, func() { l.Refuse(tooLate(ctx)) })
}

// firstFrame reads the first frame of the peer's first stream.
func (l *Link) firstFrame(ctx context.Context) (*protocol.Frame, error) {
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
	l.first = l.newStream(r)
	l.first.quiet.source = stream
	return &f, nil
}

// ended returns why the handshake could not go on, and closes the connection.
func (l *Link) ended(ctx context.Context, err error) error {
	if l.ctx.Err() != nil {
		return l.conn.Cause()
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
	return l.conn.Cause()
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

func (l *Link) begin(sessionID, clientID string, peerMax, base uint64) {
	l.session = session.New(sessionID, clientID, l.conn)
	l.out.session = l.session
	l.cfg.traffic.begin(l.session)
	l.base = wire.IDBase(base)
	l.first.r.SetIDBase(l.base)
	l.peerMax = DefaultMaxPayload
	if peerMax > 0 {
		l.peerMax = int(min(peerMax, HighestMaxPayload))
	}
	l.talk.session.Store(l.session)
	l.talk.number.Store(l.number)
}
