//go:build unix

package reload_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/voilet/QuicFlow/internal/reload"
)

// TestHangingDisk: a disk that does not answer, here a pipe in the place of the file,
// keeps neither a look nor the end of Watch for ever.
func TestHangingDisk(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "file")
	write(t, path, "one.")
	v, err := reload.Load(parse, path)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Remove(path), syscall.Mkfifo(path, 0o600)); err != nil {
		t.Fatal(err)
	}
	if _, err := v.Reread(); err == nil || !strings.Contains(err.Error(), "takes longer than") {
		t.Errorf("the error is %v", err)
	}
	if got := v.Get(); got != "one." {
		t.Errorf("the value is %q", got)
	}
	w, err := os.OpenFile(path, os.O_WRONLY, 0) // lets the reader go
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
}
