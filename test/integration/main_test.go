// Package integration tests the real programs, as processes on loopback.
package integration

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"github.com/voilet/QuicFlow/internal/certs"
	"github.com/voilet/QuicFlow/internal/testprocess"
)

// built has what all tests share: the programs, each once, and certificates.
var built struct {
	bin, certs string
}

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "quic-integration-")
	if err == nil {
		err = build(dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		_ = os.RemoveAll(dir)
		os.Exit(1)
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		_ = os.RemoveAll(dir)
		os.Exit(code)
	}))
}

func build(dir string) error {
	built.bin, built.certs = filepath.Join(dir, "bin"), filepath.Join(dir, "certs")
	if _, err := certs.Create(certs.Options{Dir: built.certs}); err != nil {
		return err
	}
	for name, pkg := range map[string]string{
		"quic-server": "./cmd/server",
		"quic-client": "./cmd/client",
		"quic-ctl":    "./cmd/ctl",
		"quic-bench":  "./cmd/bench",
		"demo":        "./internal/demo",
	} {
		if err := testprocess.Build("../..", filepath.Join(built.bin, name), pkg); err != nil {
			return err
		}
	}
	return nil
}
