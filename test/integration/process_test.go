package integration

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/voilet/QuicFlow/internal/testprocess"
)

// patience bounds each wait for what must happen sooner or later.
const patience = 30 * time.Second

// start starts a program in a new empty folder, with env and without the variables
// that our programs read.
func start(t *testing.T, env []string, name string, args ...string) *testprocess.Process {
	t.Helper()
	return testprocess.Start(t, command(t, env, name, args...))
}

// command returns one that runs a program of bin.
func command(t *testing.T, env []string, name string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(filepath.Join(built.bin, name), args...)
	cmd.Dir = t.TempDir()
	// The race detector would let each process linger for a second when it ends.
	cmd.Env = append(append(withoutOurs(os.Environ()), "GORACE=atexit_sleep_ms=0"), env...)
	return cmd
}

// run starts a program and returns it when it has ended by itself.
func run(t *testing.T, name string, args ...string) *testprocess.Process {
	t.Helper()
	p := start(t, nil, name, args...)
	p.Wait()
	return p
}

// withoutOurs returns env without the variables that our programs read.
func withoutOurs(env []string) []string {
	return slices.DeleteFunc(env, func(s string) bool { return strings.HasPrefix(s, "QUIC_") })
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
