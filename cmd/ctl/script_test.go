package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/voilet/QuicFlow/internal/certs"
)

// TestGenCerts: the script runs this program, for a caller in any folder.
func TestGenCerts(t *testing.T) {
	t.Parallel()
	script, err := filepath.Abs("../../scripts/gen-certs.sh")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip(err)
	}
	dir := t.TempDir()
	run := func(args ...string) (string, error) {
		cmd := exec.Command(script, args...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	if out, err := run("-dir", "mine"); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if _, err := os.Stat(filepath.Join(dir, "mine", certs.ServerKeyFile)); err != nil {
		t.Error(err)
	}
	if out, err := run("-milk"); err == nil || !strings.Contains(out, "unknown flag -milk") {
		t.Errorf("error %v for a flag that does not exist, output %s", err, out)
	}
}
