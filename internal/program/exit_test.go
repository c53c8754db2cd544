package program_test

import (
	"context"
	"errors"
	"testing"

	"github.com/voilet/QuicFlow/internal/program"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// TestExitCodes: who says what decides, not only the code.
func TestExitCodes(t *testing.T) {
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	for _, test := range []struct {
		err  error
		want int
	}{
		{errors.New("disk full"), 1},
		{qerrors.New(qerrors.QueueFull, "x"), 1},
		{qerrors.New(qerrors.InvalidConfig, "x"), 2},
		{qerrors.New(qerrors.InvalidClientID, "x"), 2},
		{qerrors.New(qerrors.BadAddress, "x"), 2},
		{qerrors.New(qerrors.TooManyRequests, "x"), 1},
		{qerrors.NotSent(qerrors.New(qerrors.Draining, "x")), 3},
		{qerrors.New(qerrors.Closed, "x"), 3},
		{qerrors.Unknown(qerrors.New(qerrors.Closed, "x")), 1},
		{qerrors.FromContext(canceled), 1}, // by something else than a signal
		{qerrors.New(qerrors.Unreachable, "x"), 3},
		{qerrors.New(qerrors.Incompatible, "x"), 3},
		{qerrors.New(qerrors.Timeout, "x"), 4},
		{qerrors.Unknown(qerrors.New(qerrors.Timeout, "x")), 4},
		{qerrors.NotSent(qerrors.New(qerrors.Timeout, "x")), 3},
		{qerrors.NotSent(qerrors.New(qerrors.Unreachable, "x")), 3},
		{qerrors.Unknown(qerrors.New(qerrors.Unreachable, "x")), 1},
		{qerrors.Unknown(qerrors.New(qerrors.Incompatible, "x")), 1},
		{&qerrors.Error{Code: qerrors.Timeout, Remote: true}, 1},
		{&qerrors.Error{Code: qerrors.InvalidConfig, Remote: true}, 1},
	} {
		if got := program.ExitCode(test.err); got != test.want {
			t.Errorf("%v: exit code %d, want %d", test.err, got, test.want)
		}
	}
}
