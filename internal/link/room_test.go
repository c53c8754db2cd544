package link_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/voilet/QuicFlow/internal/testnet"
	"github.com/voilet/QuicFlow/pkg/dispatcher"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// Senders get room as the transport takes what is before them, not only when it
// has taken all.
func TestRoomComesPieceByPiece(t *testing.T) {
	onSide(t, 1<<20, func(t *testing.T, s *side) {
		s.Hold(holding(onNormal))
		offered := 0
		for s.offer(t, message("", 0, 60<<10)) == nil {
			offered++
		}
		result := make(chan error, 1)
		go func() { result <- s.post(t.Context(), message("last", 0, 10), time.Hour) }()
		synctest.Wait()
		for writes := 0; len(result) == 0; writes++ {
			if writes == offered {
				t.Fatal("all is written and the sender still waits")
			}
			left := 1
			s.Hold(func(urgency int8) bool {
				if urgency == onNormal {
					left--
				}
				return left < 0
			})
			synctest.Wait()
		}
		if err := <-result; err != nil {
			t.Error(err)
		}
		taken := 0
		for _, w := range s.Writes(onNormal) {
			taken += len(w)
		}
		if rest := offered*60<<10 - taken; taken < 512<<10 || rest < 256<<10 {
			t.Errorf("there was room when %d bytes were taken and %d not", taken, rest)
		}
	})
}

// A peer that does not read its acknowledgements is not served more requests,
// and gets all of them once it does.
func TestAnswersThatAreNotRead(t *testing.T) {
	onSide(t, 1000, func(t *testing.T, s *side) {
		s.cfg.SetDispatcher(testnet.HandleWith(dispatcher.Config{Workers: 1, QueueSize: 1}, echo))
		s.Hold(holding(onAcks))
		requests := make([]*protocol.Frame, 100)
		for i := range requests {
			requests[i] = testnet.Data(fmt.Sprint(i), make([]byte, 100))
		}
		s.gated.Send(requests...)
		time.Sleep(time.Second)
		if n := s.link.Session().MessagesReceived.Load(); n > 20 {
			t.Errorf("%d requests were taken from a peer that reads no answer", n)
		}
		if err := s.offer(t, message("ours", 0, 10)); err != nil {
			t.Errorf("a message to it: %v", err)
		}
		s.Hold(nil)
		time.Sleep(time.Second)
		if got := s.Frames(onAcks); len(got) != len(requests) {
			t.Errorf("%d of %d acknowledgements came", len(got), len(requests))
		}
	})
}
