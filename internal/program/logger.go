package program

import (
	"errors"
	"log/slog"
	"os"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/urfave/cli/v3"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/monitoring"
)

// Logger is the log of a program, on stderr. It limits repeats, as
// [monitoring.Repeats] does, of all that has its Logger.
type Logger struct {
	*slog.Logger
	repeats  *monitoring.Repeats
	answers  *slog.Logger // to the operator, who may ask the same twice: whatever the level, without limit
	level    *slog.LevelVar
	standard slog.Level // if nothing sets another

	hangups chan os.Signal // nil before RereadOnHangup
	also    atomic.Pointer[func()]
	reader  sync.WaitGroup
}

// NewLogger returns the logger that [LogFlags] ask for. level is the default.
func NewLogger(cmd *cli.Command, level slog.Level) (*Logger, error) {
	l := &Logger{level: new(slog.LevelVar), standard: level}
	set, err := parseLevel(cmd.String("log-level"), level)
	if err != nil {
		return nil, qerrors.New(qerrors.InvalidConfig, "log-level: %w", err)
	}
	l.level.Set(set)
	l.answers = monitoring.NewLogger(slog.LevelDebug, cmd.String("log-format"))
	l.repeats = monitoring.NewRepeats(monitoring.NewLogger(l.level, cmd.String("log-format")).Handler())
	l.Logger = slog.New(l.repeats)
	return l, nil
}

// Close logs what was only counted so far, and ends what RereadOnHangup has begun.
// The logger can still be used.
func (l *Logger) Close() {
	l.ignoreHangups()
	l.repeats.Flush()
}

// parseLevel returns the level that text names, or standard if it is empty.
func parseLevel(text string, standard slog.Level) (slog.Level, error) {
	for _, level := range []slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError} {
		if strings.EqualFold(text, level.String()) {
			return level, nil
		}
	}
	if text != "" {
		return 0, errors.New("use debug, info, warn or error")
	}
	return standard, nil
}

func levelName(level slog.Level) string { return strings.ToLower(level.String()) }
