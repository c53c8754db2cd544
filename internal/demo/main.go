// Command demo shows a hub and three clients at work: real processes, on free
// ports of this machine. It runs the programs that "make build" has made, in bin
// or the folder that is its argument, and leaves nothing behind.
//
// It is written as a script: what goes wrong ends it by a panic, which run turns
// into an explanation and exit code 1.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/voilet/QuicFlow/internal/console"
)

// limit is how long all of it may take; it should be a second.
const limit = 50 * time.Second

func main() { os.Exit(run(append(os.Args, "bin")[1])) }

func run(bin string) (code int) {
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "QUIC_") {
			check(os.Unsetenv(name)) // it would be a setting of the programs
		}
	}
	bin, err := filepath.Abs(bin)
	check(err)
	dir, err := os.MkdirTemp("", "quic-demo-")
	check(err)
	defer func() { _ = os.RemoveAll(dir) }() // in the folder for such things
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, end := context.WithTimeoutCause(ctx, limit, fmt.Errorf("it is not done after %v", limit))
	d := &demo{screen: newScreen(os.Stdout), ctx: ctx, bin: bin, dir: dir}
	defer func() {
		problem, cause := recover(), context.Cause(ctx)
		end() // of all processes
		for _, p := range d.processes {
			<-p.done
		}
		switch {
		case problem == nil:
			return
		case cause != nil:
			problem = cause
		}
		d.explain(problem)
		code = 1
	}()
	d.play()
	return 0
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

// screen writes numbered steps, and under each what was done, what came back and
// how long that took.
type screen struct {
	steps int
	console.Colours
}

func newScreen(out *os.File) *screen { return &screen{Colours: console.ColoursFor(out)} }

func (s *screen) step(title string) {
	s.steps++
	fmt.Printf("\n%s\n", console.Paint(s.Bold, fmt.Sprintf("%2d  %s", s.steps, title)))
}

func (s *screen) line(did, cameBack string, begun time.Time) {
	took := float64(time.Since(begun).Microseconds()) / 1000
	fmt.Printf("    %-36s %s %s\n", did, console.Paint(s.Green, fmt.Sprintf("%-28s", cameBack)), console.Paint(s.Dim, fmt.Sprintf("%7.1f ms", took)))
}

func (s *screen) note(text string) { fmt.Printf("    %s\n", console.Paint(s.Dim, text)) }
