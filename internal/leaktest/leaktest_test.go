package leaktest_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/voilet/QuicFlow/internal/leaktest"
)

// leakEnv tells the test binary that it is the child that shall leak.
const leakEnv = "LEAKTEST_CHILD_LEAKS"

// folderEnv names the file to which the child that shares a folder writes its path.
const folderEnv = "LEAKTEST_CHILD_FOLDER"

func TestMain(m *testing.M) {
	note := os.Getenv(folderEnv)
	if note == "" {
		leaktest.Main(m)
	}
	leaktest.MainIn(m, "leaktest-", func(dir string) error { return os.WriteFile(note, []byte(dir), 0o600) })
}

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

// TestMainIn: the folder is there for the tests and gone afterwards, and a leak is seen
// as by Main.
func TestMainIn(t *testing.T) {
	for leaks, want := range map[string]bool{"": true, leakEnv + "=1": false} {
		note := filepath.Join(t.TempDir(), "note")
		out, err := runChild(t, folderEnv+"="+note, leaks)
		if passed := err == nil; passed != want {
			t.Errorf("with %q it ended with %v\n%s", leaks, err, out)
		}
		dir, err := os.ReadFile(note)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(string(dir)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is left: %v", dir, err)
		}
	}
	out, err := runChild(t, folderEnv+"="+filepath.Join(t.TempDir(), "no", "folder"))
	if err == nil || !strings.Contains(out, "no such file") {
		t.Errorf("where the folder cannot be prepared: %v\n%s", err, out)
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
