package program

import (
	"log/slog"
	"strings"

	"github.com/urfave/cli/v3"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/monitoring"
)

// NewLogger returns the logger that [LogFlags] ask for, on stderr. level is the
// default.
func NewLogger(cmd *cli.Command, level monitoring.LogLevel) (*slog.Logger, error) {
	switch text := strings.ToLower(cmd.String("log-level")); text {
	case "":
	case "debug", "info", "warn", "error":
		if err := level.UnmarshalText([]byte(text)); err != nil {
			return nil, qerrors.New(qerrors.Internal, "log level %q: %w", text, err)
		}
	default:
		return nil, qerrors.New(qerrors.InvalidConfig, "log-level is %q: use debug, info, warn or error", text)
	}
	format := cmd.String("log-format")
	if format != "text" && format != "json" {
		return nil, qerrors.New(qerrors.InvalidConfig, "log-format is %q: use text or json", format)
	}
	return monitoring.NewLogger(level, format), nil
}
