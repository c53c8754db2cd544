package link_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/voilet/QuicFlow/internal/testnet"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

var classes = map[protocol.Priority]int8{
	protocol.Priority_PRIORITY_URGENT: onUrgent,
	protocol.Priority_PRIORITY_NORMAL: onNormal,
	protocol.Priority_PRIORITY_BULK:   onBulk,
}

// A class whose budget is used up blocks no other, and no acknowledgements.
func TestFullClass(t *testing.T) {
	for full, urgency := range classes {
		t.Run(full.String(), func(t *testing.T) {
			onSide(t, 1000, func(t *testing.T, s *side) {
				s.Hold(holding(urgency))
				fill(t, s, full, 3)
				for other, urgency := range classes {
					if other == full {
						continue
					}
					if err := s.offer(t, message("other", other, 400)); err != nil {
						t.Errorf("%v: %v", other, err)
					}
					synctest.Wait()
					if got := s.sent(urgency); len(got) != 1 {
						t.Errorf("%v: sent %q", other, got)
					}
				}
				s.gated.Send(testnet.Data("1", []byte("x")))
				synctest.Wait()
				if acks := s.Frames(onAcks); len(acks) != 1 || string(acks[0].GetAck().GetResult()) != "x" {
					t.Errorf("acknowledgements: %v", acks)
				}
			})
		})
	}
}

// fill offers messages of 400 bytes until one is refused, which is to be after
// as many as want.
func fill(t *testing.T, s *side, p protocol.Priority, want int) {
	t.Helper()
	for i := 0; ; i++ {
		err := s.offer(t, message(fmt.Sprint("fill ", i), p, 400))
		if err == nil && i < want {
			continue
		}
		if i != want || !errors.Is(err, qerrors.ErrQueueFull) {
			t.Fatalf("message %d: %v, want a full queue after %d", i, err, want)
		}
		return
	}
}

// What ends the wait of a sender for room.
func TestWaitForRoom(t *testing.T) {
	for _, test := range []struct {
		name string
		do   func(s *side, cancel func())
		code qerrors.Code
	}{
		{"room", func(s *side, _ func()) { s.Hold(nil) }, qerrors.OK},
		{"its timeout", func(*side, func()) { time.Sleep(time.Minute) }, qerrors.QueueFull},
		{"its context", func(_ *side, cancel func()) { cancel() }, qerrors.Canceled},
		{"the peer's GoAway", func(s *side, _ func()) { s.gated.Send(testnet.GoAway(0)) }, qerrors.NotConnected},
		{"the end of the connection", func(s *side, _ func()) { s.link.Close(qerrors.OK, "") }, qerrors.NotConnected},
	} {
		t.Run(test.name, func(t *testing.T) {
			onSide(t, 1000, func(t *testing.T, s *side) {
				s.Hold(holding(onNormal))
				fill(t, s, protocol.Priority_PRIORITY_NORMAL, 3)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				results := make(chan error, 5)
				for i := range cap(results) {
					go func() { results <- s.post(ctx, message(fmt.Sprint(i), 0, 10), 10*time.Second) }()
				}
				time.Sleep(time.Second)
				if n := len(results); n != 0 {
					t.Fatalf("%d senders did not wait", n)
				}
				test.do(s, cancel)
				for range cap(results) {
					err := <-results
					if qerrors.CodeOf(err) != test.code || err != nil && !errors.Is(err, qerrors.ErrNotSent) {
						t.Errorf("a sender that waited: %v, want %v", err, test.code)
					}
					if test.code == qerrors.QueueFull && !errors.Is(err, context.DeadlineExceeded) {
						t.Errorf("%v is no end of a deadline", err)
					}
				}
				want := 0
				if test.code == qerrors.OK {
					want = 3 + cap(results)
				}
				s.Hold(nil)
				synctest.Wait()
				if got := s.sent(onNormal); want > 0 && len(got) != want {
					t.Errorf("sent %q, want %d messages", got, want)
				}
				if n := s.link.Session().MessagesSent.Load(); want == 0 && n != 3 {
					t.Errorf("%d messages were counted as sent, want 3", n)
				}
			})
		})
	}
}
