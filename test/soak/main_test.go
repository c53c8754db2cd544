// Package soak wears the backbone: load and churn for long, more clients at once than it
// can take, and limits of the system that are reached. Nothing may grow, and nothing may
// be lost.
//
//	go test ./test/soak                 for seconds each
//	go test ./test/soak -duration 10m   for so long each, and with as many clients as there may be
package soak

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/voilet/QuicFlow/internal/certs"
	"github.com/voilet/QuicFlow/internal/leaktest"
	"github.com/voilet/QuicFlow/internal/testprocess"
)

var duration = flag.Duration("duration", 0, "how `long` each test wears; seconds, if it is 0")

// patience bounds each wait for what must happen sooner or later.
const patience = 2 * time.Minute

// built has what tests of processes share: the hub's program, and certificates.
var built struct {
	hub, certs string
}

func TestMain(m *testing.M) {
	switch {
	case os.Getenv(echoEnv) != "":
		os.Exit(echo())
	case os.Getenv(diskEnv) != "":
		os.Exit(withSmallDisk())
	}
	leaktest.MainIn(m, "quic-soak-", build)
}

func build(dir string) error {
	built.hub, built.certs = filepath.Join(dir, "quic-server"), filepath.Join(dir, "certs")
	if _, err := certs.Create(certs.Options{Dir: built.certs}); err != nil {
		return err
	}
	return testprocess.Build("../..", built.hub, "./cmd/server")
}

// long returns how long a test is to wear.
func long() time.Duration {
	if *duration > 0 {
		return *duration
	}
	return 2 * time.Second
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
