// Package testprocess runs programs for tests.
//
//	hub := testprocess.Start(t, exec.Command("bin/quic-server", "-addr", "127.0.0.1:0"))
//	addr := hub.Addr("listening")
//	...
//	if code := hub.Stop(); code != 0 { ... }
//
// A program that still runs when its test ends is killed then. One in which the race
// detector has found something fails its test.
package testprocess

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// patience is how long a program may take for what a test waits for: what comes
// later would never come.
const patience = 30 * time.Second

// Process is a program that runs, or has ended.
type Process struct {
	t     testing.TB
	cmd   *exec.Cmd
	out   output
	ended chan struct{}
}

// Start starts cmd and collects its output.
func Start(t testing.TB, cmd *exec.Cmd) *Process {
	t.Helper()
	return start(t, cmd, func(p *Process) (wait func(), err error) {
		cmd.Stdout, cmd.Stderr = stream{&p.out, &p.out.stdout}, stream{&p.out, &p.out.stderr}
		cmd.WaitDelay = time.Second // programs that it leaves behind may hold its output open
		return func() { _ = cmd.Wait() }, cmd.Start()
	})
}

// start starts cmd by begin, which returns how to wait for its end.
func start(t testing.TB, cmd *exec.Cmd, begin func(*Process) (wait func(), err error)) *Process {
	t.Helper()
	p := &Process{t: t, cmd: cmd, ended: make(chan struct{})}
	p.out.changed = make(chan struct{})
	wait, err := begin(p)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.ended)
		wait() // cmd.ProcessState says how it ended
	}()
	t.Cleanup(func() {
		p.Kill()
		if strings.Contains(p.Stderr(), "WARNING: DATA RACE") {
			t.Errorf("%s has a data race", cmd.Path)
		}
		if t.Failed() {
			t.Logf("%s\nstdout:\n%sstderr:\n%s", strings.Join(cmd.Args, " "), p.Stdout(), p.Stderr())
		}
	})
	return p
}

// Run starts cmd and waits for its end.
func Run(t testing.TB, cmd *exec.Cmd) *Process {
	t.Helper()
	p := Start(t, cmd)
	p.Wait()
	return p
}

// Await returns the first line of stdout or else stderr that has words in it, as
// soon as there is one.
func (p *Process) Await(words string) string {
	p.t.Helper()
	return p.AwaitFor(words, patience)
}

// AwaitFor is Await for what may take longer than usual.
func (p *Process) AwaitFor(words string, patience time.Duration) string {
	p.t.Helper()
	return p.await(words, patience, p.out.find)
}

func (p *Process) await(words string, patience time.Duration, find func(string) (string, bool)) string {
	p.t.Helper()
	late := time.After(patience)
	for {
		over, changed := p.over(), p.out.change()
		if found, ok := find(words); ok {
			return found
		}
		if over {
			p.t.Fatalf("%s ended with exit code %d and never said %q", p.cmd.Path, p.cmd.ProcessState.ExitCode(), words)
		}
		select {
		case <-changed:
		case <-p.ended:
		case <-late:
			p.t.Fatalf("%s does not say %q", p.cmd.Path, words)
		}
	}
}

// Addr returns the address behind addr= in the first line that has words in it.
func (p *Process) Addr(words string) string {
	p.t.Helper()
	line := p.Await(words)
	match := regexp.MustCompile(`\baddr=(\S+)`).FindStringSubmatch(line)
	if match == nil {
		p.t.Fatalf("there is no address in %q", line)
	}
	return match[1]
}

// PID returns the id of the process.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Stop asks the program to end, as a service manager does, and returns its exit
// code.
func (p *Process) Stop() int {
	p.t.Helper()
	p.Signal(syscall.SIGTERM)
	return p.Wait()
}

// Signal sends a signal to the program, unless it has ended.
func (p *Process) Signal(s os.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil && !p.over() {
		p.t.Fatal(err)
	}
}

// Kill ends the program at once, if it still runs.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill() // fails when it has ended
	<-p.ended
}

// Wait returns the program's exit code, once it has one; -1 if it was killed.
func (p *Process) Wait() int {
	p.t.Helper()
	select {
	case <-p.ended:
	case <-time.After(patience):
		p.t.Fatalf("%s does not end", p.cmd.Path)
	}
	return p.cmd.ProcessState.ExitCode()
}

// Stdout returns what the program has written to stdout so far.
func (p *Process) Stdout() string { return p.out.read(&p.out.stdout) }

// Stderr returns what the program has written to stderr so far.
func (p *Process) Stderr() string { return p.out.read(&p.out.stderr) }

func (p *Process) over() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}
