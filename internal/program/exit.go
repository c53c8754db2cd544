package program

import (
	"errors"

	"github.com/voilet/QuicFlow/internal/settings"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// Exit codes of what asks a hub for something, besides those of [settings.ExitCode].
const (
	exitFailed      = 1
	exitUsage       = 2
	exitUnreachable = 3
	exitTimeout     = 4
)

// ExitCode returns the exit code of a program that asked a hub for something: 0 for
// nil; 1 when it failed, was refused, or nobody knows; 2 for a mistake of the caller, in a
// file that a setting names too; 3 when no hub could be reached, or only one that is being
// stopped, so that it can be asked again; 4 when time ran out; 130 or 143 when a signal
// ended it.
func ExitCode(err error) int {
	var e *qerrors.Error
	if errors.As(err, &e) && e.Remote {
		return exitFailed // a client said so, and its codes are its own
	}
	if code, ok := settings.Interrupted(err); ok {
		return code
	}
	code := qerrors.CodeOf(err)
	switch {
	case code == qerrors.Timeout && errors.Is(err, qerrors.ErrNotSent):
		return exitUnreachable // it was over before there was a connection
	case code == qerrors.Timeout:
		return exitTimeout
	case errors.Is(err, qerrors.ErrOutcomeUnknown):
		return exitFailed // the hub was there: it may have sent the message
	}
	switch code {
	case qerrors.Unreachable, qerrors.Incompatible, qerrors.Draining, qerrors.Closed:
		return exitUnreachable
	case qerrors.InvalidClientID, qerrors.BadAddress:
		return exitUsage
	default:
		return settings.ExitCode(err)
	}
}
