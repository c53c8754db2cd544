package testprocess

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/creack/pty"
)

// Terminal is a program that runs on a terminal of its own. What it writes to it is
// its Stdout; a line there ends with CR and LF.
type Terminal struct {
	*Process
	pty    *os.File
	hungUp atomic.Bool
}

// StartOnTerminal starts cmd on a terminal of width by height cells. The test is
// skipped where there are no pseudo-terminals.
func StartOnTerminal(t testing.TB, cmd *exec.Cmd, width, height int) *Terminal {
	t.Helper()
	terminal := &Terminal{}
	terminal.Process = start(t, cmd, func(p *Process) (wait func(), err error) {
		terminal.pty, err = pty.StartWithSize(cmd, &pty.Winsize{Cols: uint16(width), Rows: uint16(height)})
		if errors.Is(err, pty.ErrUnsupported) {
			t.Skip(err)
		}
		return func() {
			_, _ = io.Copy(screen{stream{&p.out, &p.out.stdout}, &terminal.hungUp}, terminal.pty) // until nobody has the terminal any more
			if terminal.hungUp.Load() {
				_ = terminal.pty.Close() // here, since a read that is under way would keep it open
			}
			_ = cmd.Wait()
		}, err
	})
	t.Cleanup(func() { _ = terminal.pty.Close() })
	return terminal
}

// Type types text.
func (p *Terminal) Type(text string) {
	p.t.Helper()
	if _, err := io.WriteString(p.pty, text); err != nil {
		p.t.Fatal(err)
	}
}

// screen is what a terminal shows, until that is hung up.
type screen struct {
	io.Writer
	hungUp *atomic.Bool
}

func (s screen) Write(b []byte) (int, error) {
	if s.hungUp.Load() {
		return 0, io.ErrClosedPipe
	}
	return s.Writer.Write(b)
}

// HangUp closes the terminal under the program, which must not have turned its echo off.
func (p *Terminal) HangUp() {
	p.t.Helper()
	p.hungUp.Store(true)
	p.Type("\n") // whose echo ends the reading
}

// Resize changes the size of the terminal, which tells the program.
func (p *Terminal) Resize(width, height int) {
	p.t.Helper()
	if err := pty.Setsize(p.pty, &pty.Winsize{Cols: uint16(width), Rows: uint16(height)}); err != nil {
		p.t.Fatal(err)
	}
}

// AwaitText returns when the program has written these texts to the terminal, each
// behind the one before.
func (p *Terminal) AwaitText(texts ...string) {
	p.t.Helper()
	p.await(strings.Join(texts, " … "), patience, func(string) (string, bool) {
		rest := p.Stdout()
		for _, text := range texts {
			_, after, found := strings.Cut(rest, text)
			if !found {
				return "", false
			}
			rest = after
		}
		return "", true
	})
}
