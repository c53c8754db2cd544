package integration

import (
	"strings"
	"testing"
)

// The idle timeout is too long to play a part, and when the hub is killed there is
// nothing on the connection but heartbeats: the new hub answers one of them with
// the news that it does not know the connection.
func TestHubKilled(t *testing.T) {
	t.Parallel()
	h := startHub(t, "-max-idle-timeout", "1h")
	agent := h.agent("a", "-handler", "cat", "-max-idle-timeout", "1h")
	h.answers("a", "before", "before")
	h.waitUntilQuiet("a")
	h.Kill()
	h = startHubOn(t, h.addr)
	eventually(t, "the agent is connected again", func() bool { return strings.Count(agent.Stderr(), "msg=connected") == 2 })
	h.answers("a", "after", "after")
}

func TestClientKilled(t *testing.T) {
	t.Parallel()
	h := startHub(t)
	h.agent("a", "-handler", "echo first").Kill()
	h.agent("a", "-handler", "echo second")
	h.answers("a", "", "second\n")
}

func TestReplaced(t *testing.T) {
	t.Parallel()
	h := startHub(t)
	first := h.agent("a", "-handler", "echo first")
	h.agent("a", "-handler", "echo second")
	if code := first.Wait(); code != 1 {
		t.Errorf("the first client exited with %d, want 1", code)
	}
	if log := first.Stderr(); !strings.Contains(log, "quic-client: replaced") {
		t.Errorf("the first client does not say that it was replaced: %s", log)
	}
	h.answers("a", "", "second\n")
}

func TestAddressInUse(t *testing.T) {
	t.Parallel()
	h := startHub(t)
	second := run(t, "quic-server", "-addr", h.addr, "-cert", built.certs+"/server.crt", "-key", built.certs+"/server.key")
	if code := second.Wait(); code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
	if log := second.Stderr(); !strings.Contains(log, "address_in_use") || !strings.Contains(log, h.addr) {
		t.Errorf("it does not say that %s is in use: %s", h.addr, log)
	}
}
