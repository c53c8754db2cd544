package link_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/voilet/QuicFlow/internal/testnet"
	"github.com/voilet/QuicFlow/pkg/dispatcher"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// maxUnanswered is how many messages of one peer are with the dispatcher at most.
const maxUnanswered = 256

// gatedDispatcher has handlers that wait until they are let go, one by one.
func gatedDispatcher() (d *dispatcher.Dispatcher, pass chan bool) {
	pass = make(chan bool)
	return testnet.Handle(func(ctx context.Context, _ *protocol.DataMessage) (*protocol.DataMessage, error) {
		select {
		case <-pass:
		case <-ctx.Done():
		}
		return nil, nil
	}), pass
}

// requests returns this many, which ask for an acknowledgement or not.
func requests(n int, waitAck bool) (all []*protocol.Frame) {
	for i := range n {
		f := testnet.Data(fmt.Sprint(i), nil)
		f.GetData().WaitAck = waitAck
		all = append(all, f)
	}
	return all
}

// A peer's messages wait in the transport once so many of them are unanswered.
// When half of those are answered at the latest, it is served again, until all are.
func TestUnansweredMessages(t *testing.T) {
	for _, waitAck := range []bool{true, false} {
		t.Run(fmt.Sprintf("waitAck=%v", waitAck), func(t *testing.T) {
			onSide(t, 1<<20, func(t *testing.T, s *side) {
				d, pass := gatedDispatcher()
				s.cfg.SetDispatcher(d)
				const sent = 1000
				s.gated.Send(requests(sent, waitAck)...)
				expect := func(answered, want int) {
					t.Helper()
					if got := s.cfg.Tasks.Len(); got != want {
						t.Errorf("after %d answers %d messages are with the dispatcher, want %d", answered, got, want)
					}
				}
				synctest.Wait()
				expect(0, maxUnanswered)
				for answered := 1; answered <= sent; answered++ {
					pass <- true
					synctest.Wait()
					if got := s.cfg.Tasks.Len(); got > maxUnanswered {
						t.Fatalf("after %d answers %d messages are with the dispatcher", answered, got)
					}
					if answered == maxUnanswered/2 {
						expect(answered, maxUnanswered)
					}
				}
				expect(sent, 0)
				acks := 0
				if waitAck {
					acks = sent
				}
				if got := len(s.Frames(onAcks)); got != acks {
					t.Errorf("%d acknowledgements, want %d", got, acks)
				}
			})
		})
	}
}

// All streams of a peer together are bounded: each reader may bring one message
// more than the others know of, and all go on when there is room.
func TestUnansweredMessagesOfManyStreams(t *testing.T) {
	onSide(t, 1<<20, func(t *testing.T, s *side) {
		d, pass := gatedDispatcher()
		s.cfg.SetDispatcher(d)
		const streams, each = 20, 50
		for range streams {
			s.gated.Send(requests(each, false)...)
		}
		synctest.Wait()
		if got := s.cfg.Tasks.Len(); got < maxUnanswered || got > maxUnanswered+streams {
			t.Errorf("%d messages are with the dispatcher, want %d", got, maxUnanswered)
		}
		for range streams * each {
			pass <- true
		}
		synctest.Wait()
		if got := s.cfg.Tasks.Len(); got != 0 {
			t.Errorf("%d messages were not answered", got)
		}
		if got := s.link.Session().MessagesReceived.Load(); got != streams*each {
			t.Errorf("%d of %d messages were taken", got, streams*each)
		}
	})
}

// Control frames are served while a peer has too many messages unanswered.
func TestUnansweredMessagesAndPings(t *testing.T) {
	onSide(t, 1<<20, func(t *testing.T, s *side) {
		d, _ := gatedDispatcher()
		s.cfg.SetDispatcher(d)
		defer s.cfg.Finish(ended(t))
		s.gated.Send(requests(2*maxUnanswered, false)...)
		synctest.Wait()
		s.gated.Send(testnet.Ping())
		synctest.Wait()
		for _, f := range s.Frames(onControl) {
			if f.GetPong() != nil {
				return
			}
		}
		t.Error("there was no answer to a ping")
	})
}

// ended returns a context that has ended.
func ended(t *testing.T) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}
