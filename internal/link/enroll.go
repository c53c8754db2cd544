package link

import (
	"context"

	"github.com/voilet/QuicFlow/internal/wire"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// Enroll is the client's side of a connection that is there for a certificate alone: no
// session comes of it. It returns the hub's answer, and the connection is closed.
func (l *Link) Enroll(ctx context.Context, request *protocol.Enroll) (*protocol.Enrolled, error) {
	defer l.limit(ctx)()
	if err := l.openControl(ctx); err != nil {
		return nil, err
	}
	l.greet(&protocol.Frame{Kind: &protocol.Frame_Enroll{Enroll: request}})
	f, err := l.firstFrame(ctx)
	if err != nil {
		return nil, err
	}
	enrolled := f.GetEnrolled()
	if enrolled == nil {
		return nil, l.refused(qerrors.New(qerrors.ProtocolViolation, "the hub's first frame is no answer to an enrolment"))
	}
	l.Close(qerrors.OK, "the client has its certificate")
	return enrolled, nil
}

// Enrolled is the hub's side: it answers, and waits until the client has closed the
// connection, since it would be lost if this side did.
func (l *Link) Enrolled(ctx context.Context, answer *protocol.Enrolled) error {
	frame := &protocol.Frame{Kind: &protocol.Frame_Enrolled{Enrolled: answer}}
	text, err := wire.AppendFrame(nil, frame)
	switch {
	case err != nil:
		return l.refused(err)
	case len(text) > wire.MaxControlFrame:
		return l.refused(qerrors.New(qerrors.InvalidConfig, "the certificates are %d bytes long: the hub's CA has too many above it", len(text)))
	}
	defer l.limit(ctx)() // a client that leaves no room for the answer is not waited for
	if err := l.openControl(ctx); err != nil {
		return err
	}
	l.greet(frame)
	<-l.ctx.Done()
	return nil
}
