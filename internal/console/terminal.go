package console

import (
	"context"
	"io"
	"os"

	"github.com/charmbracelet/x/term"
)

// IsTerminal reports whether w is a terminal.
func IsTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(f.Fd())
}

// Colours are sequences for [Paint].
type Colours struct {
	Bold, Dim, Reverse, Red, Green, Yellow string
}

// ColoursFor returns the colours for w: none unless it is a terminal that has them
// and NO_COLOR (https://no-color.org) is not set.
func ColoursFor(w io.Writer) Colours {
	if !IsTerminal(w) || os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" {
		return Colours{}
	}
	return AllColours()
}

// AllColours returns the colours of a terminal that has them.
func AllColours() Colours {
	return Colours{Bold: "\x1b[1m", Dim: "\x1b[2m", Reverse: "\x1b[7m", Red: "\x1b[31m", Green: "\x1b[32m", Yellow: "\x1b[33m"}
}

// ReadAll reads r to its end, or one byte more than limit, which tells the caller
// that there is too much. It is called off when ctx ends: then the read goes on
// until the process ends, since nothing interrupts that of a terminal.
func ReadAll(ctx context.Context, r io.Reader, limit int) ([]byte, error) {
	type result struct {
		data []byte
		err  error
	}
	done := make(chan result, 1)
	go func() {
		data, err := io.ReadAll(io.LimitReader(r, int64(limit)+1))
		done <- result{data, err}
	}()
	select {
	case got := <-done:
		return got.data, got.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}
