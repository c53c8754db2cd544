package link_test

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/voilet/QuicFlow/internal/testnet"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// What waits when the connection ends is counted as dropped if nobody waits for
// its acknowledgement; who does is told.
func TestLostWithTheConnection(t *testing.T) {
	for name, size := range map[string]int{"small": 100, "large": 70 << 10} {
		t.Run(name, func(t *testing.T) {
			onSide(t, 8<<20, func(t *testing.T, s *side) {
				s.Hold(func(urgency int8) bool { return urgency >= onUrgent })
				const each = 20 // of a class; large ones are more than may be under way
				var results []func() (*protocol.AckMessage, error)
				for p := range classes {
					for i := range each {
						if err := s.offer(t, message("", p, size)); err != nil {
							t.Fatal(err)
						}
						promise, err := s.cfg.SendAsync(t.Context(), "a", s.pick, message(fmt.Sprint(p, i), p, size), time.Hour)
						if err != nil {
							t.Fatal(err)
						}
						results = append(results, promise.Result)
						synctest.Wait()
					}
				}
				s.link.Close(qerrors.IdleTimeout, "it fails")
				for _, result := range results {
					if _, err := result(); !errors.Is(err, qerrors.ErrConnectionLost) || !errors.Is(err, qerrors.ErrOutcomeUnknown) {
						t.Errorf("a promise ended with %v", err)
					}
				}
				synctest.Wait()
				got := s.cfg.Metrics.Dropped.Snapshot()
				if want := uint64(each * len(classes)); got[qerrors.ConnectionLost] != want || len(got) != 1 {
					t.Errorf("dropped %v, want %d", got, want)
				}
				if n := s.cfg.Promises.Active(); n != 0 {
					t.Errorf("%d promises are left", n)
				}
			})
		})
	}
}

// After either side's GoAway no message is accepted; those before it still go.
func TestNothingAfterGoAway(t *testing.T) {
	for name, begin := range map[string]func(t *testing.T, s *side){
		"the peer's": func(_ *testing.T, s *side) { s.gated.Send(testnet.GoAway(0)) },
		"this side's": func(t *testing.T, s *side) {
			go func() { _ = s.link.Drain(t.Context(), &protocol.GoAway{Code: uint32(qerrors.Draining)}) }()
		},
	} {
		t.Run(name, func(t *testing.T) {
			onSide(t, 8<<20, func(t *testing.T, s *side) {
				s.Hold(func(urgency int8) bool { return urgency >= onUrgent })
				for p := range classes {
					if err := s.offer(t, message("before", p, 100)); err != nil {
						t.Fatal(err)
					}
				}
				begin(t, s)
				synctest.Wait()
				for p := range classes {
					if err := s.offer(t, message("after", p, 100)); !errors.Is(err, qerrors.ErrDraining) {
						t.Errorf("%v: %v", p, err)
					}
				}
				s.Hold(nil)
				synctest.Wait()
				for p, urgency := range classes {
					if got := s.sent(urgency); len(got) != 1 || got[0] != "before" {
						t.Errorf("%v: sent %q", p, got)
					}
				}
				for _, f := range s.Frames(onControl) {
					if g := f.GetGoAway(); g != nil && g.DataSent != 3 {
						t.Errorf("GoAway says that %d messages were sent, want 3", g.DataSent)
					}
				}
			})
		})
	}
}
