package guides

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/voilet/QuicFlow/internal/certs"
)

// repository is where the documents clone from.
const repository = "https://github.com/voilet/QuicFlow.git"

// built is what all documents share: a repository with the files that git knows, the
// programs built in it, and certificates.
var built struct {
	dir, repository, certs string
}

// build makes what is shared. It has the network of the machine, which shells do not.
var build = sync.OnceValue(func() error {
	dir, err := os.MkdirTemp("", "quic-guides-")
	if err != nil {
		return err
	}
	built.dir, built.repository, built.certs = dir, filepath.Join(dir, "QuicFlow"), filepath.Join(dir, "certs")
	if _, err := certs.Create(certs.Options{Dir: built.certs}); err != nil {
		return err
	}
	if err := copyFiles(built.repository); err != nil {
		return err
	}
	for _, line := range []string{
		"git init -q -b main", "git add -A",
		"git -c user.name=guides -c user.email=guides@localhost commit -q -m guides",
		"go mod download", "make build",
	} {
		cmd := exec.Command("bash", "-c", line)
		cmd.Dir = built.repository
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w\n%s", line, err, out)
		}
	}
	return os.WriteFile(filepath.Join(dir, "take"), []byte("#!/bin/sh\nmkdir -p \"$(dirname \"$2\")\" && ln -f \""+built.repository+"/$2\" \"$2\"\n"), 0o755)
})

// copyFiles copies the files that git knows, as they are now. Reading them all also
// shows "go test" what the result depends on.
func copyFiles(to string) error {
	list := exec.Command("git", "ls-files", "-z")
	list.Dir = root
	out, err := list.Output()
	if err != nil {
		return fmt.Errorf("git ls-files: %w", err)
	}
	for name := range strings.SplitSeq(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		from, target := filepath.Join(root, name), filepath.Join(to, name)
		info, err := os.Stat(from)
		if errors.Is(err, fs.ErrNotExist) {
			continue // deleted, and not committed yet
		}
		content, err := os.ReadFile(from)
		if err != nil {
			return err
		}
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(target, content, info.Mode()); err != nil {
			return err
		}
	}
	return nil
}

// checkout returns a folder for a document: empty for one that begins with git clone, and
// else a clone with programs and certificates.
func checkout(t *testing.T, clones bool) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "QuicFlow")
	if clones {
		return filepath.Dir(dir)
	}
	if out, err := exec.Command("git", "clone", "-q", built.repository, dir).CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	if err := os.Symlink(filepath.Join(built.repository, "bin"), filepath.Join(dir, "bin")); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(dir, "certs"), os.DirFS(built.certs)); err != nil {
		t.Fatal(err)
	}
	return dir
}

// environment returns that of a document. git clone takes our repository in the place of
// the real one; make build takes the programs that make build has made of the same files.
func environment(t *testing.T) []string {
	t.Helper()
	var env []string
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "QUIC_") {
			env = append(env, variable)
		}
	}
	for _, name := range []string{"GOCACHE", "GOMODCACHE"} { // which depend on HOME
		value, err := exec.Command("go", "env", name).Output()
		if err != nil {
			t.Fatal(err)
		}
		env = append(env, name+"="+strings.TrimSpace(string(value)))
	}
	return append(env, "HOME="+t.TempDir(), "LC_ALL=C.UTF-8", "GOPROXY=off",
		"MAKEFLAGS=GO_BUILD="+filepath.Join(built.dir, "take"),
		"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=url."+built.repository+".insteadOf", "GIT_CONFIG_VALUE_0="+repository)
}
