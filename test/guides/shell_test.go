package guides

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// patience is how long a block may take. Some build programs, on a machine that has
// other things to do.
const patience = 2 * time.Minute

// insideEnv makes the test binary the shell of a document: "network" with a network of
// its own, anything else in that of the machine.
const insideEnv = "GUIDES_SHELL"

func becomeShell() error {
	if os.Getenv(insideEnv) == "network" {
		if err := raiseLoopback(); err != nil {
			return err
		}
	}
	bash, err := exec.LookPath("bash")
	if err != nil {
		return err
	}
	if err := os.Unsetenv(insideEnv); err != nil {
		return err
	}
	return syscall.Exec(bash, []string{"bash", "--noprofile", "--norc"}, os.Environ())
}

// isolation returns why no shell can have a network of its own, or nil.
var isolation = sync.OnceValue(func() error {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), insideEnv+"=network")
	cmd.Stdin = strings.NewReader("exit")
	isolate(cmd)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("no network of its own: %w %s", err, out)
	}
	return nil
})

// place is where a shell runs.
type place struct {
	dir      string
	env      []string
	isolated bool
	patience time.Duration
}

// shell runs blocks one after another; directory, variables and jobs stay from one to
// the next. What it runs is in files, and so is the output; a line on a pipe says that
// a block is done.
type shell struct {
	place
	cmd   *exec.Cmd
	in    io.WriteCloser
	said  chan string // closed when the shell has ended
	meta  string      // a folder for its own
	count int
	jobs  []*job
}

// prelude makes the shell end with the first command that fails, and name it. With job
// control, each program in the background is a process group.
const prelude = `set -Eeuo pipefail
set -m
trap 'echo "this command failed: $BASH_COMMAND"' ERR
`

func newShell(p place) (*shell, error) {
	meta, err := os.MkdirTemp("", "quic-guide-")
	if err != nil {
		return nil, err
	}
	s := &shell{place: p, said: make(chan string), meta: meta, cmd: exec.Command(os.Args[0])}
	s.cmd.Dir, s.cmd.WaitDelay = p.dir, time.Second
	s.cmd.Env = append(p.env, insideEnv+"=here")
	if p.isolated {
		s.cmd.Env = append(p.env, insideEnv+"=network")
		isolate(s.cmd)
	}
	err = s.start()
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(meta))
	}
	_, err = io.WriteString(s.in, prelude)
	return s, err
}

func (s *shell) start() (err error) {
	control, end, err := os.Pipe()
	if err != nil {
		return err
	}
	defer func() { _ = end.Close() }() // the shell has its own
	s.cmd.ExtraFiles = []*os.File{end}
	if s.in, err = s.cmd.StdinPipe(); err == nil {
		err = s.cmd.Start()
	}
	if err != nil {
		return errors.Join(err, control.Close())
	}
	go func() {
		defer close(s.said)
		defer func() { _ = control.Close() }()
		for lines := bufio.NewScanner(control); lines.Scan(); {
			s.said <- lines.Text()
		}
	}()
	return nil
}

// tell gives the shell a command of the test's own, and returns what it says.
func (s *shell) tell(format string, args ...any) (string, error) {
	if _, err := fmt.Fprintf(s.in, format+"\n", args...); err != nil {
		return "", errors.New("the shell has ended")
	}
	select {
	case line, ok := <-s.said:
		if !ok {
			return "", errors.New("the shell has ended")
		}
		return line, nil
	case <-time.After(s.patience):
		return "", fmt.Errorf("not done after %v: a program that stays needs a block of its own, with ready=WORDS behind the language", s.patience)
	}
}

// save writes the text of a block to a file.
func (s *shell) save(text string) (string, error) {
	s.count++
	file := filepath.Join(s.meta, fmt.Sprint(s.count))
	return file, os.WriteFile(file, []byte(text), 0o600)
}

// run runs a block and returns what it prints.
func (s *shell) run(text string) (string, error) {
	file, err := s.save(text)
	if err != nil {
		return "", err
	}
	_, err = s.tell("source %s </dev/null >%[1]s.out 2>&1 3>&-; echo done >&3", file)
	out, _ := os.ReadFile(file + ".out") // or nothing
	if err != nil {
		err = fmt.Errorf("%w; it printed\n%s", err, out)
	}
	return string(out), err
}

// put writes text to a file in the present directory of the shell.
func (s *shell) put(name, text string) error {
	file, err := s.save(text)
	if err != nil {
		return err
	}
	_, err = s.tell("cp %s %s && echo done >&3", file, name)
	return err
}

// end ends the shell and all that it has started.
func (s *shell) end() error {
	if s.isolated {
		_ = s.cmd.Process.Kill() // and so all others that live with it; it may have ended
	} else {
		_, _ = io.WriteString(s.in, `for job in $(jobs -p); do kill -KILL -- -$job 2>/dev/null || :; done; exit`+"\n") // likewise
		late := time.AfterFunc(5*time.Second, func() { _ = s.cmd.Process.Kill() })
		defer late.Stop()
	}
	_ = s.in.Close()
	for range s.said {
	}
	_ = s.cmd.Wait() // how it ended was said before
	return os.RemoveAll(s.meta)
}

// contains reports whether a line of text has words in it.
func contains(text, words string) bool {
	for line := range strings.Lines(text) {
		if strings.HasSuffix(line, "\n") && strings.Contains(line, words) {
			return true
		}
	}
	return false
}
