package integration

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/voilet/QuicFlow/internal/certs"
)

// TestPolicy: a hub obeys its policy, and a changed one without a restart.
func TestPolicy(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "policy.yaml")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("rules:\n  - clients: [edge]\n    receive: [query]\n")
	if p := run(t, "quic-server", "-policy", path+".nosuch"); p.Wait() != 2 || !strings.Contains(p.Stderr(), "cannot read the policy") {
		t.Errorf("a hub without its policy: %s", p.Stderr())
	}
	h := startHub(t, "-policy", path)
	h.agent("edge", "-handler", "cat")

	if p := h.ctl(t, "send", "-client", "edge", "-payload", "x", "-wait-ack"); p.Wait() != 1 || !strings.Contains(p.Stderr(), "permission_denied") {
		t.Errorf("quic-ctl: %s", p.Stderr())
	}
	if p := h.ctl(t, "send", "-client", "edge", "-type", "query", "-payload", "x", "-wait-ack"); p.Wait() != 0 {
		t.Errorf("quic-ctl, of a type that is allowed: %s", p.Stderr())
	}
	if p := run(t, "quic-client", h.clientArgs("sender", "-send", "x", "-wait-ack")...); p.Wait() != 1 || !strings.Contains(p.Stderr(), "permission_denied") {
		t.Errorf("quic-client: %s", p.Stderr())
	}

	write("rules:\n  - clients: ['*']\n    recieve: ['*']\n")
	h.Await(`msg="a file stays as it was: what is in it now cannot be used"`)
	write("rules:\n  - clients: ['*']\n    receive: ['*']\n    send: [{types: [command]}]\n")
	h.Await(`msg="read again" file=policy`)
	h.answers("edge", "y", "y")
	if p := run(t, "quic-client", h.clientArgs("sender", "-send", "x", "-wait-ack")...); p.Wait() != 0 {
		t.Errorf("quic-client, after the change: %s", p.Stderr())
	}
}

// TestRenewal: a hub shows a renewed certificate without a restart.
func TestRenewal(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, err := certs.Create(certs.Options{Dir: dir}); err != nil {
		t.Fatal(err)
	}
	h := startHub(t, "-cert", filepath.Join(dir, certs.ServerCertFile), "-key", filepath.Join(dir, certs.ServerKeyFile))
	send := func(code int) {
		t.Helper()
		args := h.clientArgs("sender", "-send", "x", "-wait-ack", "-ca", filepath.Join(built.certs, certs.CACertFile))
		if p := run(t, "quic-client", args...); p.Wait() != code {
			t.Errorf("exit code %d, want %d: %s", p.Wait(), code, p.Stderr())
		}
	}
	send(1) // its authority is another one
	for _, name := range []string{certs.ServerCertFile, certs.ServerKeyFile} {
		content, err := os.ReadFile(filepath.Join(built.certs, name))
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), content, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	h.Await(`msg="certificates read again"`)
	send(0)
}
