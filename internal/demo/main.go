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
	steps                  int
	bold, green, dim, none string // escape sequences; empty without colours
}

func newScreen(out *os.File) *screen {
	info, err := out.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 || os.Getenv("NO_COLOR") != "" {
		return &screen{}
	}
	return &screen{bold: "\x1b[1m", green: "\x1b[32m", dim: "\x1b[2m", none: "\x1b[0m"}
}

func (s *screen) step(title string) {
	s.steps++
	fmt.Printf("\n%s%2d  %s%s\n", s.bold, s.steps, title, s.none)
}

func (s *screen) line(did, cameBack string, begun time.Time) {
	took := float64(time.Since(begun).Microseconds()) / 1000
	fmt.Printf("    %-36s %s%-28s%s %s%7.1f ms%s\n", did, s.green, cameBack, s.none, s.dim, took, s.none)
}

func (s *screen) note(text string) { fmt.Printf("    %s%s%s\n", s.dim, text, s.none) }
