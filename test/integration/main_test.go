// Package integration tests the real programs, as processes on loopback.
package integration

import (
	"path/filepath"
	"testing"

	"github.com/voilet/QuicFlow/internal/certs"
	"github.com/voilet/QuicFlow/internal/leaktest"
	"github.com/voilet/QuicFlow/internal/testprocess"
)

// built has what all tests share: the programs, each once, and certificates.
var built struct {
	bin, certs string
}

func TestMain(m *testing.M) { leaktest.MainIn(m, "quic-integration-", build) }

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
