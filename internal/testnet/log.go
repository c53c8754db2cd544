package testnet

import (
	"bytes"
	"log/slog"
	"slices"
	"strings"
	"sync"
)

// Log keeps what a logger writes, for a test that reads it meanwhile.
type Log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write appends to the log.
func (l *Log) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

// Logger returns a logger that writes lines of all levels: without the time, and
// without the names of slog's own attributes, as "WARN refused code=...".
func (l *Log) Logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{
		Level: slog.LevelDebug,
		ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey && len(groups) == 0 {
				return slog.Attr{}
			}
			return a
		},
	}))
}

// Take returns the lines since it was called last.
func (l *Log) Take() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	text := strings.NewReplacer("time=", "", "level=", "", "msg=", "").Replace(l.text.String())
	l.text.Reset()
	lines := slices.Collect(strings.Lines(text))
	for i, line := range lines {
		lines[i] = strings.TrimSuffix(line, "\n")
	}
	return lines
}
