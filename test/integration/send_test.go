package integration

import (
	"net"
	"path/filepath"
	"strings"
	"testing"

	"github.com/voilet/QuicFlow/internal/certs"
)

// TestSend starts quic-client -send in many ways. The hub answers with the payload
// in capitals, but for one that its handler does not like.
func TestSend(t *testing.T) {
	t.Parallel()
	h := startHub(t, "-max-payload", "2KiB", "-handler",
		`sh -c 'text=$(tr a-z A-Z); [ "$text" != FULL ] || { echo the disk is full >&2; exit 3; }; printf %s "$text"'`)
	otherCA := t.TempDir()
	if _, err := certs.Create(certs.Options{Dir: otherCA}); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		args   []string
		code   int
		stdout string
		stderr string // a part of it; empty if there is to be none at all
	}{
		"answered":          {[]string{"-send", "hello", "-wait-ack"}, 0, "HELLO", ""},
		"a query":           {[]string{"-send", "hello", "-type", "query", "-wait-ack"}, 0, "HELLO", ""},
		"an event":          {[]string{"-send", "hello", "-type", "event", "-wait-ack"}, 0, "", ""},
		"not waited for":    {[]string{"-send", "hello"}, 0, "delivered to " + h.addr + "\n", ""},
		"double dashes":     {[]string{"--send=hello", "--wait-ack"}, 0, "HELLO", ""},
		"handler fails":     {[]string{"-send", "full", "-wait-ack"}, 1, "", "the disk is full"},
		"nobody there":      {[]string{"-send", "x", "-server", closedPort(t), "-timeout", "1s"}, 3, "", "unreachable"},
		"no such host":      {[]string{"-send", "x", "-server", "hub.invalid:8474", "-timeout", "1s"}, 3, "", "hub.invalid"},
		"wrong authority":   {[]string{"-send", "x", "-ca", filepath.Join(otherCA, certs.CACertFile)}, 1, "", "not trusted"},
		"no authority":      {[]string{"-send", "x", "-ca", "missing.crt"}, 2, "", "missing.crt"},
		"trusts anybody":    {[]string{"-send", "hello", "-ca", filepath.Join(otherCA, certs.CACertFile), "-insecure", "-wait-ack"}, 0, "HELLO", "not checked"},
		"empty id":          {[]string{"-id", "", "-send", "x"}, 2, "", "-id client-001"},
		"absurd id":         {[]string{"-id", strings.Repeat("x", 129), "-send", "x"}, 2, "", "128 bytes"},
		"over our limit":    {[]string{"-send", strings.Repeat("x", 1025), "-max-payload", "1KiB"}, 1, "", "payload_too_large"},
		"over the hub's":    {[]string{"-send", strings.Repeat("x", 2049)}, 1, "", "payload_too_large"},
		"unknown type":      {[]string{"-send", "x", "-type", "order"}, 2, "", "command, event or query"},
		"unknown flag":      {[]string{"-sned", "x"}, 2, "", "sned"},
		"negative duration": {[]string{"-send", "x", "-timeout", "-1s"}, 2, "", "timeout"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := run(t, "quic-client", h.clientArgs(name, test.args...)...) // the last one of a flag counts
			if code := p.Wait(); code != test.code {
				t.Errorf("exit code %d, want %d", code, test.code)
			}
			if got := p.Stdout(); got != test.stdout {
				t.Errorf("stdout is %q, want %q", got, test.stdout)
			}
			if got := p.Stderr(); !strings.Contains(got, test.stderr) || test.stderr == "" && got != "" {
				t.Errorf("stderr is %q, want %q in it", got, test.stderr)
			}
		})
	}
}

func TestNoID(t *testing.T) {
	t.Parallel()
	p := run(t, "quic-client", "-send", "x")
	if code := p.Wait(); code != 2 || !strings.Contains(p.Stderr(), "-id client-001") {
		t.Errorf("it exited with %d and said %s", code, p.Stderr())
	}
}

// closedPort returns a loopback address where nobody listens.
func closedPort(t *testing.T) string {
	t.Helper()
	pc, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := pc.Close(); err != nil {
		t.Fatal(err)
	}
	return pc.LocalAddr().String()
}
