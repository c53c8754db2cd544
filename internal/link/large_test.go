package link_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/voilet/QuicFlow/internal/testnet"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

const largeSize = 70 << 10

// large returns the ids of the large messages that were sent, in any order.
func (s *side) large() (ids []string) {
	for _, urgency := range classes {
		ids = append(ids, s.sent(urgency+1)...)
	}
	slices.Sort(ids)
	return ids
}

// Eight large frames are under way; each Taken lets another one go, the most
// urgent first.
func TestLargeFramesWaitForTaken(t *testing.T) {
	onSide(t, 8<<20, func(t *testing.T, s *side) {
		send := func(p protocol.Priority, ids ...string) {
			for _, id := range ids {
				if err := s.offer(t, message(id, p, largeSize)); err != nil {
					t.Fatal(err)
				}
			}
		}
		send(protocol.Priority_PRIORITY_NORMAL, "0", "1", "2", "3", "4", "5", "6", "7")
		send(protocol.Priority_PRIORITY_BULK, "e", "f")
		send(protocol.Priority_PRIORITY_NORMAL, "c", "d")
		send(protocol.Priority_PRIORITY_URGENT, "a", "b")
		want := []string{"0", "1", "2", "3", "4", "5", "6", "7"}
		for _, next := range []string{"a", "b", "c", "d", "e", "f", ""} {
			synctest.Wait()
			if got := s.large(); !slices.Equal(got, want) {
				t.Fatalf("sent %q, want %q", got, want)
			}
			if next != "" {
				want = append(want, next)
			}
			s.gated.Send(testnet.Taken())
		}
		for _, s := range slices.Concat(s.Streams(onUrgent+1), s.Streams(onNormal+1), s.Streams(onBulk+1)) {
			if !s.closed || len(s.writes) != 1 {
				t.Errorf("the stream of a large frame has %d writes, closed: %v", len(s.writes), s.closed)
			}
		}
	})
}

// Large frames that the peer does not take hold up no small ones of their class.
func TestSmallPassesLarge(t *testing.T) {
	onSide(t, 8<<20, func(t *testing.T, s *side) {
		for i := range 20 {
			if err := s.offer(t, message(fmt.Sprint(i), 0, largeSize)); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.offer(t, message("small", 0, 10)); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if got := s.sent(onNormal); !slices.Equal(got, []string{"small"}) {
			t.Errorf("sent %q", got)
		}
	})
}

// Each large message of the peer is answered with one Taken, and with its large
// acknowledgement, of which no more than eight are written at once.
func TestLargeMessagesArrive(t *testing.T) {
	onSide(t, 8<<20, func(t *testing.T, s *side) {
		s.Hold(holding(onAcks + 1))
		const total = 20
		for i := range total {
			s.gated.Send(testnet.Data(fmt.Sprint(i), make([]byte, largeSize)))
			synctest.Wait()
		}
		taken := 0
		for _, f := range s.Frames(onControl) {
			if f.GetTaken() != nil {
				taken++
			}
		}
		if taken != total {
			t.Errorf("%d were said to be taken, want %d", taken, total)
		}
		if n := len(s.Streams(onAcks + 1)); n != 8 {
			t.Errorf("%d large acknowledgements are under way, want 8", n)
		}
		s.Hold(nil)
		synctest.Wait()
		if n := len(s.Frames(onAcks + 1)); n != total {
			t.Errorf("%d acknowledgements came, want %d", n, total)
		}
	})
}
