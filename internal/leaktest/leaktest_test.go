package leaktest_test

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/voilet/QuicFlow/internal/leaktest"
)

// leakEnv tells the test binary that it is the child that shall leak.
const leakEnv = "LEAKTEST_CHILD_LEAKS"

func TestMain(m *testing.M) { leaktest.Main(m) }

// TestChild passes; with leakEnv set it leaves a goroutine behind.
func TestChild(t *testing.T) {
	if os.Getenv(leakEnv) != "" {
		go leakedByTheChild()
	}
}

func leakedByTheChild() { select {} }

// TestMainSeesALeak is the proof that the check of all other packages can fail.
func TestMainSeesALeak(t *testing.T) {
	out, err := runChild(t, leakEnv+"=1")
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 1 {
		t.Fatalf("a test binary that leaks ended with %v, want exit code 1\n%s", err, out)
	}
	for _, want := range []string{"PASS", "leakedByTheChild"} {
		if !strings.Contains(out, want) {
			t.Errorf("the output does not have %q:\n%s", want, out)
		}
	}
}

func TestMainPassesWithoutALeak(t *testing.T) {
	if out, err := runChild(t); err != nil {
		t.Fatalf("a test binary that does not leak ended with %v\n%s", err, out)
	}
}

// runChild runs TestChild in a process of its own and returns what it printed.
func runChild(t *testing.T, env ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestChild$")
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}
