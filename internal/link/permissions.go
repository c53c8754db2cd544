package link

import (
	"time"

	"github.com/voilet/QuicFlow/pkg/dispatcher"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
	"github.com/voilet/QuicFlow/pkg/session"
)

// Restrict makes the hub ask may about each message from and to the client. It is
// called between [Link.Open] and [Link.Welcome].
func (l *Link) Restrict(may session.Permissions) { l.may = may }

// permit reports whether a message of the client may be handled, and waits until then
// if it comes too soon. One that may not is answered here. An error means that the
// connection has ended meanwhile.
func (l *Link) permit(m *protocol.DataMessage, in *dispatcher.Intake) (permitted bool, err error) {
	if l.may == nil && l.pace == nil {
		return true, nil
	}
	var wait time.Duration
	if l.may != nil {
		if wait, err = l.may.MaySend(m); err != nil {
			return false, l.forbid(m, in, denied(err))
		}
	}
	if l.pace != nil {
		wait = max(wait, l.pace.wait(len(m.Payload), l.cfg.Metrics))
	}
	if wait > 0 {
		if in != nil {
			in.Rest()
		}
		err = l.pause(wait)
	}
	return err == nil, err
}

// longestPause is how often a reader that waits looks whether this side is about to end
// the connection: then what was sent is handled without a wait, or the end would take
// longer than it may. A peer that ends it waits for its turn: it may send on for ever.
const longestPause = time.Second

func (l *Link) pause(wait time.Duration) error {
	for wait > 0 && !l.drain.ours.Load() {
		step := min(wait, longestPause)
		timer := time.NewTimer(step)
		select {
		case <-timer.C:
			wait -= step
		case <-l.ctx.Done():
			timer.Stop()
			return l.conn.Cause()
		}
	}
	return nil
}

// forbid answers a message in the place of its handler.
func (l *Link) forbid(m *protocol.DataMessage, in *dispatcher.Intake, why *qerrors.Error) error {
	if err := l.awaitAnswerRoom(in); err != nil {
		return err
	}
	l.cfg.Log.Warn("a message was refused", "client_id", l.session.ClientID(),
		"type", m.Type.Name(), "bytes", len(m.Payload), "code", why.Code, "error", why.Message)
	l.cfg.Tasks.add()
	l.out.unanswered.Add(1)
	l.Respond(dispatcher.Refused(m, why))
	return nil
}

// denied gives the answer of an authorizer its code.
func denied(err error) *qerrors.Error {
	e := *qerrors.From(err)
	e.Code = qerrors.PermissionDenied
	return &e
}
