package link_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/voilet/QuicFlow/internal/fields"
	"github.com/voilet/QuicFlow/internal/link"
	"github.com/voilet/QuicFlow/internal/testnet"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// The welcome is the hub's first frame, also if somebody stops waiting for a message of the
// connection before while the next one is being opened. What that sends comes after it.
func TestNothingBeforeWelcome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var check fields.Checker
		cfg := link.NewConfig(link.Options{}, &check)
		cfg.Hub = true
		talk := cfg.NewConversation("a")
		defer talk.Close(qerrors.ErrConnectionLost)
		connect := func(resume *protocol.Resume, meanwhile func()) *side {
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
			meanwhile()
			synctest.Wait()
			s.link.Welcome(&protocol.Welcome{})
			go func() { s.end <- s.link.Run() }()
			synctest.Wait()
			return s
		}
		s := connect(nil, func() {})
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

		s = connect(&protocol.Resume{SessionId: w.SessionId, Secret: w.Secret}, func() {
			cancel()
			<-done
		})
		defer s.stop()
		frames := s.Frames(onControl)
		if len(frames) != 2 || frames[0].GetWelcome() == nil || frames[1].GetCancel().GetNumber() != 1 {
			t.Errorf("the hub's first stream has %v, want a welcome and then the cancel of message 1", frames)
		}
	})
}
