// Package monitoring has what shows an operator the state of a client or server:
// structured logs, event hooks and counters.
package monitoring

import (
	"io"
	"log/slog"
	"os"
)

// LogLevel is a level of log/slog.
type LogLevel = slog.Level

// The levels. The libraries log nothing above debug per message.
const (
	LogLevelDebug = slog.LevelDebug
	LogLevelInfo  = slog.LevelInfo
	LogLevelWarn  = slog.LevelWarn
	LogLevelError = slog.LevelError
)

// NewLogger returns a logger that writes lines of at least this level to
// standard error, as JSON objects for the format "json" and as key=value text
// for any other.
func NewLogger(level LogLevel, format string) *slog.Logger {
	return newLogger(os.Stderr, level, format)
}

func newLogger(w io.Writer, level LogLevel, format string) *slog.Logger {
	opts := &slog.HandlerOptions{Level: level}
	if format == "json" {
		opts.ReplaceAttr = readableDurations // which are bare nanoseconds otherwise
		return slog.New(slog.NewJSONHandler(w, opts))
	}
	return slog.New(slog.NewTextHandler(w, opts))
}

func readableDurations(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() == slog.KindDuration {
		a.Value = slog.StringValue(a.Value.Duration().String())
	}
	return a
}
