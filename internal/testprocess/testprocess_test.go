package testprocess_test

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"

	"github.com/voilet/QuicFlow/internal/leaktest"
	"github.com/voilet/QuicFlow/internal/testprocess"
)

// programEnv makes the test binary the program that the tests run.
const programEnv = "TESTPROCESS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(programEnv) != "" {
		program()
	}
	leaktest.Main(m)
}

// program writes to both streams and then waits for SIGTERM.
func program() {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM)
	fmt.Println("to stdout")
	fmt.Fprintln(os.Stderr, "msg=listening addr=127.0.0.1:8474")
	<-signals
	os.Exit(3)
}

func start(t *testing.T) *testprocess.Process {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), programEnv+"=1")
	return testprocess.Start(t, cmd)
}

func TestStop(t *testing.T) {
	p := start(t)
	if addr := p.Addr("listening"); addr != "127.0.0.1:8474" {
		t.Errorf("the address is %q", addr)
	}
	if line := p.Await("stdout"); line != "to stdout" {
		t.Errorf("the line is %q", line)
	}
	if code := p.Stop(); code != 3 {
		t.Errorf("exit code %d, want that of the program", code)
	}
	if p.Stdout() != "to stdout\n" || !strings.HasPrefix(p.Stderr(), "msg=listening") {
		t.Errorf("stdout %q, stderr %q", p.Stdout(), p.Stderr())
	}
}

func TestKill(t *testing.T) {
	p := start(t)
	p.Await("listening")
	p.Kill()
	if code := p.Wait(); code != -1 {
		t.Errorf("exit code %d of a killed program, want -1", code)
	}
}

func TestProgramsEndWithTheirTest(t *testing.T) {
	var p *testprocess.Process
	t.Run("leaves one running", func(t *testing.T) {
		p = start(t)
		p.Await("listening")
	})
	if code := p.Wait(); code != -1 {
		t.Errorf("exit code %d, want -1 of a killed program", code)
	}
}
