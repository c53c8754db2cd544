package link_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/voilet/QuicFlow/internal/fields"
	"github.com/voilet/QuicFlow/internal/link"
	"github.com/voilet/QuicFlow/internal/testnet"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// onResumed runs f in virtual time with the hub's side of a second connection of a session,
// on which meanwhile was called before the welcome. Cancel calls off what was sent on the
// first one and not acknowledged, whose error comes by done.
func onResumed(t *testing.T, meanwhile func(l *link.Link, cancel func()), f func(t *testing.T, s *side, done chan error)) {
	synctest.Test(t, func(t *testing.T) {
		var check fields.Checker
		cfg := link.NewConfig(link.Options{}, &check)
		cfg.Hub = true
		talk := cfg.NewConversation("a")
		defer talk.Close(qerrors.ErrConnectionLost)
		s := welcomed(t, cfg, talk, nil, func(*link.Link) {})
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		done := make(chan error, 1)
		go func() {
			_, err := cfg.SendMessage(ctx, "a", s.pick, message("m", protocol.Priority_PRIORITY_NORMAL, 1), true, time.Minute)
			done <- err
		}()
		synctest.Wait()
		w := s.Frames(onControl)[0].GetWelcome()
		s.stop()
		s = welcomed(t, cfg, talk, &protocol.Resume{SessionId: w.SessionId, Secret: w.Secret}, func(l *link.Link) { meanwhile(l, cancel) })
		defer s.stop()
		f(t, s, done)
	})
}

func welcomed(t *testing.T, cfg *link.Config, talk *link.Conversation, resume *protocol.Resume, meanwhile func(*link.Link)) *side {
	t.Helper()
	s := &side{gated: newGated(), cfg: cfg, talk: talk, end: make(chan error, 1)}
	s.link = link.New(s.gated, cfg)
	f := testnet.Hello("a")
	f.GetHello().Resume = resume
	s.Send(f)
	hello, _, err := s.link.AwaitHello(t.Context())
	if err == nil {
		err = s.link.Open(t.Context(), talk, hello, "session", qerrors.ErrReplaced)
	}
	if err != nil {
		t.Fatal(err)
	}
	meanwhile(s.link)
	synctest.Wait()
	s.link.Welcome(&protocol.Welcome{})
	go func() { s.end <- s.link.Run() }()
	synctest.Wait()
	return s
}

// The welcome is the hub's first frame, also if somebody stops waiting for a message of the
// connection before while the next one is being opened. What that sends comes after it.
func TestNothingBeforeWelcome(t *testing.T) {
	onResumed(t, func(_ *link.Link, cancel func()) { cancel() }, func(t *testing.T, s *side, _ chan error) {
		frames := s.Frames(onControl)
		if len(frames) != 2 || frames[0].GetWelcome() == nil || frames[1].GetCancel().GetNumber() != 1 {
			t.Errorf("the hub's first stream has %v, want a welcome and then the cancel of message 1", frames)
		}
	})
}

// A message is not sent again to a client that may not receive it any more.
func TestPermissionsOfTheNextConnection(t *testing.T) {
	onResumed(t, func(l *link.Link, _ func()) { l.Restrict(nothing{}) }, func(t *testing.T, s *side, done chan error) {
		if sent := s.sent(onNormal); len(sent) > 0 {
			t.Errorf("sent again: %v", sent)
		}
		if err := <-done; !errors.Is(err, qerrors.ErrPermissionDenied) || !errors.Is(err, qerrors.ErrOutcomeUnknown) {
			t.Errorf("the sender is told: %v", err)
		}
	})
}

// nothing is the permission to do nothing.
type nothing struct{}

func (nothing) MaySend(*protocol.DataMessage) (time.Duration, error) { return 0, errors.New("no") }
func (nothing) MayReceive(protocol.MessageType) error                { return errors.New("no") }
