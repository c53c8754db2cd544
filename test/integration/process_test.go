package integration

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience bounds each wait for what must happen sooner or later.
const patience = 30 * time.Second

// process is one of the programs, running.
type process struct {
	t      *testing.T
	name   string
	cmd    *exec.Cmd
	stdout output
	stderr output
	exited chan struct{} // closed when it has ended and all its output is here
}

// options are what a process gets besides its arguments.
type options struct {
	env []string
	dir string // where it runs; a new empty folder if it does not matter
}

// start starts a program, which is killed when the test ends. What it printed is
// logged if the test has failed.
func start(t *testing.T, o options, name string, args ...string) *process {
	t.Helper()
	if o.dir == "" {
		o.dir = t.TempDir()
	}
	p := &process{t: t, name: name, exited: make(chan struct{})}
	p.cmd = exec.Command(filepath.Join(built.bin, name), args...)
	p.cmd.Dir = o.dir
	// The race detector would let each process linger for a second when it ends.
	p.cmd.Env = append(append(withoutOurs(os.Environ()), "GORACE=atexit_sleep_ms=0"), o.env...)
	p.cmd.Stdout, p.cmd.Stderr = &p.stdout, &p.stderr
	p.cmd.WaitDelay = time.Second // children that outlive it may hold its output open
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = p.cmd.Wait() // the state says it all
		close(p.exited)
	}()
	t.Cleanup(func() {
		p.kill()
		if strings.Contains(p.stderr.text(), "DATA RACE") {
			t.Errorf("%s has a data race", name)
		}
		if t.Failed() {
			t.Logf("%s %q: %v\nstdout: %s\nstderr:\n%s", name, args, p.cmd.ProcessState, p.stdout.text(), p.stderr.text())
		}
	})
	return p
}

// run starts a program and returns it when it has ended by itself.
func run(t *testing.T, name string, args ...string) *process {
	t.Helper()
	p := start(t, options{}, name, args...)
	p.wait()
	return p
}

// withoutOurs returns env without the variables that our programs read.
func withoutOurs(env []string) []string {
	return slices.DeleteFunc(env, func(s string) bool { return strings.HasPrefix(s, "QUIC_") })
}

// kill ends the process with SIGKILL, unless it has ended.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // fails when it has ended
	<-p.exited
}

// terminate asks the process to end in order.
func (p *process) terminate() {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
}

// wait waits until the process has ended by itself, and returns its exit code.
func (p *process) wait() int {
	p.t.Helper()
	select {
	case <-p.exited:
		return p.cmd.ProcessState.ExitCode()
	case <-time.After(patience):
		p.t.Fatalf("%s is still running", p.name)
		return -1
	}
}

// waitForLog waits until n lines of the log match pattern, and returns what its
// group matched in the last of them.
func (p *process) waitForLog(pattern string, n int) string {
	p.t.Helper()
	expression := regexp.MustCompile("(?m)^.*" + pattern)
	var group string
	eventually(p.t, p.name+" logs "+pattern, func() bool {
		ended := p.ended() // asked first: what it logged last is here then
		matches := expression.FindAllStringSubmatch(p.stderr.text(), n)
		if len(matches) == n {
			group = matches[n-1][len(matches[n-1])-1]
			return true
		}
		if ended {
			p.t.Fatalf("%s has ended and not logged %s", p.name, pattern)
		}
		return false
	})
	return group
}

func (p *process) ended() bool {
	select {
	case <-p.exited:
		return true
	default:
		return false
	}
}

// eventually waits until condition is true.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !condition(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}

// output collects what a process prints.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(b)
}

func (o *output) text() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}
