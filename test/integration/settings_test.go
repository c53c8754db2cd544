package integration

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The hub answers with the id of who asks, so the answer tells which of the ids
// that a client was given it took.
func TestPrecedence(t *testing.T) {
	t.Parallel()
	h := startHub(t, "-handler", `sh -c 'printf %s "$QUIC_SENDER_ID"'`)
	file := filepath.Join(t.TempDir(), "client.yaml")
	content := "server: " + h.addr + "\nca: " + filepath.Join(built.certs, "ca.crt") + "\nid: of-the-file\nwait-ack: true\n"
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	fromFile := []string{"-config", file, "-send", "x"}
	tests := map[string]struct {
		env  []string
		args []string
		want string
	}{
		"file":                      {nil, fromFile, "of-the-file"},
		"file named by environment": {[]string{"QUIC_CONFIG=" + file}, []string{"-send", "x"}, "of-the-file"},
		"environment beats file":    {[]string{"QUIC_ID=of-the-environment"}, fromFile, "of-the-environment"},
		"flag beats environment":    {[]string{"QUIC_ID=of-the-environment"}, append(fromFile, "-id", "of-the-flag"), "of-the-flag"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := start(t, test.env, "quic-client", test.args...)
			if code := p.Wait(); code != 0 || p.Stdout() != test.want {
				t.Errorf("exit code %d, the hub says %q, want %q", code, p.Stdout(), test.want)
			}
		})
	}
}

func TestUnknownKey(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "bad.yaml")
	if err := os.WriteFile(file, []byte("heartbeat-intervall: 3s\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"quic-server", "quic-client"} {
		p := run(t, name, "-config", file)
		if code := p.Wait(); code != 2 || !strings.Contains(p.Stderr(), "heartbeat-intervall") {
			t.Errorf("%s exited with %d and said %s", name, code, p.Stderr())
		}
	}
}
