// Package monitoring has what shows an operator the state of a client or server:
// structured logs, event hooks and counters.
//
// # Logs
//
// Lines have a fixed message and fixed keys: client_id, msg_id, remote (the address
// of the other side), code (of package errors, by name), error, and those that
// docs/monitoring.md lists. What happens to single messages is logged with level
// debug; where one fails in a way that its sender does not learn of, or through a
// fault of this side, with level warn or error, and then [Repeats] bounds how often.
package monitoring

import (
	"context"
	stdlog "log"
	"log/slog"
	"os"
	"strings"
)

// LogLevel is a level of log/slog.
type LogLevel = slog.Level

// The levels, and what they mean.
const (
	// LogLevelDebug: single messages and requests.
	LogLevelDebug = slog.LevelDebug
	// LogLevelInfo: the life of the process and of its connections. A quiet
	// system logs nothing more.
	LogLevelInfo = slog.LevelInfo
	// LogLevelWarn: something went wrong for one peer or one message. The others
	// notice nothing, and it may mend itself.
	LogLevelWarn = slog.LevelWarn
	// LogLevelError: something here is broken and stays so until somebody mends
	// it: code that panics, a socket that failed, a client that gave up.
	LogLevelError = slog.LevelError
)

// NewLogger returns a logger that writes lines of at least this level to
// standard error, as JSON objects for the format "json" and as key=value text
// for any other. The level is one of the constants, or a [*slog.LevelVar], which
// can be changed while the logger is in use.
func NewLogger(level slog.Leveler, format string) *slog.Logger {
	opts := &slog.HandlerOptions{Level: level}
	if format == "json" {
		opts.ReplaceAttr = readableDurations // which are bare nanoseconds otherwise
		return slog.New(slog.NewJSONHandler(os.Stderr, opts))
	}
	return slog.New(slog.NewTextHandler(os.Stderr, opts))
}

// NewErrorLog returns a logger for what has only text to tell, such as an
// [http.Server] by its ErrorLog. Each line becomes the error of a record with this
// level and message, so that [Repeats] can limit them.
func NewErrorLog(log *slog.Logger, level slog.Level, message string) *stdlog.Logger {
	return stdlog.New(errorLog{log, level, message}, "", 0)
}

type errorLog struct {
	log     *slog.Logger
	level   slog.Level
	message string
}

func (l errorLog) Write(line []byte) (int, error) {
	l.log.Log(context.Background(), l.level, l.message, "error", strings.TrimSpace(string(line)))
	return len(line), nil
}

func readableDurations(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() == slog.KindDuration {
		a.Value = slog.StringValue(a.Value.Duration().String())
	}
	return a
}
