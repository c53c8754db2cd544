package link_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// A sender that waits for room and is called off with the error of another message
// is told of its own fate only. The lost connection of the other one is no reason
// to look for another link, either.
func TestCalledOffWithTheErrorOfAnother(t *testing.T) {
	other := qerrors.Unknown(qerrors.New(qerrors.ConnectionLost, "another client went away"))
	onSide(t, 1000, func(t *testing.T, s *side) {
		s.Hold(holding(onNormal))
		fill(t, s, 0, 3)
		ctx, cancel := context.WithCancelCause(t.Context())
		result := make(chan error, 1)
		go func() { result <- s.post(ctx, message("x", 0, 10), time.Hour) }()
		synctest.Wait()
		cancel(other)
		err := <-result
		if qerrors.CodeOf(err) != qerrors.Canceled || !errors.Is(err, qerrors.ErrNotSent) {
			t.Errorf("called off: %v", err)
		}
		if errors.Is(err, qerrors.ErrConnectionLost) || errors.Is(err, qerrors.ErrOutcomeUnknown) {
			t.Errorf("it says what became of another message: %v", err)
		}
		if err := s.post(ctx, message("y", 0, 10), time.Hour); qerrors.CodeOf(err) != qerrors.Canceled || !errors.Is(err, qerrors.ErrNotSent) {
			t.Errorf("with a ctx that has ended before: %v", err)
		}
	})
}
