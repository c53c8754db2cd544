package main

import (
	"net"
	"strings"
	"testing"

	"github.com/voilet/QuicFlow/internal/testprocess"
)

// TestDefaultAddressOfTheAPIInUse: a second hub needs no -api to run.
func TestDefaultAddressOfTheAPIInUse(t *testing.T) {
	t.Parallel()
	const api = "127.0.0.1:8475"
	if listener, err := net.Listen("tcp", api); err == nil { // else it is in use already
		defer listener.Close()
	}
	hub := testprocess.Start(t, withCerts(t, quicServer(t, "-addr", "127.0.0.1:0")))
	hub.Await("msg=listening")
	if line := hub.Await("HTTP API off"); !strings.Contains(line, "level=WARN") || !strings.Contains(line, "what answers there belongs to the other process") || !strings.Contains(line, "give the HTTP API another address with -api") {
		t.Errorf("the log has %s", line)
	}
	if code := hub.Stop(); code != 0 {
		t.Errorf("exit code %d after SIGTERM, want 0", code)
	}
	set := withCerts(t, quicServer(t, "-addr", "127.0.0.1:0"))
	set.Env = append(set.Env, "QUIC_API="+api)
	if p := testprocess.Run(t, set); p.Wait() != 1 || !strings.Contains(p.Stderr(), "another process listens on "+api) {
		t.Errorf("exit code %d with an address that was set, stderr:\n%s", p.Wait(), p.Stderr())
	}
}
