package testprocess_test

import (
	"debug/buildinfo"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime/debug"
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
	fmt.Fprintln(os.Stderr, os.Getenv(programEnv))
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
	if p.Stdout() != "to stdout\n" || !strings.Contains(p.Stderr(), "msg=listening") {
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

// watched is a test that notes whether it has failed.
type watched struct {
	testing.TB
	failed bool
}

func (w *watched) Errorf(string, ...any) { w.failed = true }
func (w *watched) Failed() bool          { return w.failed }
func (w *watched) Logf(string, ...any)   {}

// TestRacesAreSeen: what the race detector finds in a program fails the test, however the
// program ends.
func TestRacesAreSeen(t *testing.T) {
	for words, want := range map[string]bool{"WARNING: DATA RACE": true, "all is well": false} {
		var w *watched
		t.Run(words, func(t *testing.T) {
			w = &watched{TB: t}
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), programEnv+"="+words)
			testprocess.Start(w, cmd).Await(words)
		})
		if w.failed != want {
			t.Errorf("a program that says %q fails its test: %v", words, w.failed)
		}
	}
}

// TestBuild: programs are built as this test was. What is no package is an error.
func TestBuild(t *testing.T) {
	program := filepath.Join(t.TempDir(), "program")
	if err := testprocess.Build("../..", program, "./cmd/ctl"); err != nil {
		t.Fatal(err)
	}
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	own, _ := debug.ReadBuildInfo()
	if got, want := raceSetting(info), raceSetting(own); got != want {
		t.Errorf("the program was built with -race=%q, the test with %q", got, want)
	}
	if err := testprocess.Build(".", program, "./nosuch"); err == nil || !strings.Contains(err.Error(), "nosuch") {
		t.Errorf("a package that does not exist: %v", err)
	}
	if err := testprocess.Build(".", "program", "."); err == nil {
		t.Error("a relative path, which would be below the root, is taken")
	}
}

func raceSetting(info *debug.BuildInfo) string {
	for _, s := range info.Settings {
		if s.Key == "-race" {
			return s.Value
		}
	}
	return "false"
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
