package integration

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/voilet/QuicFlow/internal/httpapi"
	"github.com/voilet/QuicFlow/internal/testprocess"
)

// ctl runs quic-ctl for the hub.
func (h *hub) ctl(t *testing.T, args ...string) *testprocess.Process {
	t.Helper()
	return run(t, "quic-ctl", append([]string{"-api", h.api}, args...)...)
}

// TestCtl starts quic-ctl in many ways. The client answers with the payload in
// capitals, but for some that its handler does not like.
func TestCtl(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	h := startHub(t, "-max-payload", "2KiB")
	h.agent("client-001", "-handler", `sh -c 'text=$(tr a-z A-Z); [ "$text" != FULL ] || { echo the disk is full >&2; exit 3; }; printf %s "$text"'`)
	h.agent("edge 7/ü", "-handler", "cat")
	h.agent("busy", "-handler", g.handler())
	binary := filepath.Join(t.TempDir(), "binary")
	if err := os.WriteFile(binary, []byte("\x00\xff\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	send := func(args ...string) []string { return append([]string{"send", "-client", "client-001"}, args...) }
	tests := map[string]struct {
		args   []string
		code   int
		stdout string // a part of it; empty if there is to be none at all
		stderr string // the same
	}{
		"answered":       {send("-type", "command", "-payload", `{"action":"restart"}`, "-wait-ack"), 0, `{"ACTION":"RESTART"}`, ""},
		"a query":        {send("-payload", "hello", "-type", "query", "-wait-ack"), 0, "HELLO", ""},
		"not waited for": {send("-payload", "hello", "-type", "event"), 0, "queued for client-001", ""},
		"bytes":          {[]string{"send", "-client", "edge 7/ü", "-payload", "@" + binary, "-wait-ack"}, 0, "\x00\xff\n", ""},
		"handler fails":  {send("-payload", "full", "-wait-ack"), 1, "", "quic-ctl: handler_failed (from the peer): exit status 3: the disk is full"},
		"nobody":         {[]string{"send", "-client", "nobody", "-wait-ack"}, 1, "", "quic-ctl list shows who is"},
		"too large":      {send("-payload", strings.Repeat("x", 2049)), 1, "", "payload_too_large"},
		"bad type":       {send("-type", "order"), 2, "", "use command, event or query"},
		"no file":        {send("-payload", "@nosuch"), 2, "", "nosuch"},
		"too late":       {[]string{"send", "-client", "busy", "-wait-ack", "-timeout", "300ms"}, 4, "", "whether it was handled is unknown"},
		"no hub":         {send("-api", "127.0.0.1:1"), 3, "", "start quic-server there"},
		"list":           {[]string{"list", "-prefix", "edge"}, 0, "edge 7/ü  127.0.0.1:", ""},
		"get":            {[]string{"get", "edge 7/ü"}, 0, "state          connected", ""},
		"get nobody":     {[]string{"get", "nobody"}, 1, "", "unknown_client"},
		"broadcast":      {[]string{"broadcast", "-payload", "hello"}, 0, "queued for 3 of 3 clients", ""},
		"no terminal":    {[]string{"top"}, 2, "", "needs a terminal"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p := h.ctl(t, test.args...)
			if code := p.Wait(); code != test.code {
				t.Errorf("exit code %d, want %d", code, test.code)
			}
			for _, out := range []struct{ name, got, want string }{{"stdout", p.Stdout(), test.stdout}, {"stderr", p.Stderr(), test.stderr}} {
				if !strings.Contains(out.got, out.want) || out.want == "" && out.got != "" {
					t.Errorf("%s is %q, want %q in it", out.name, out.got, out.want)
				}
			}
		})
	}
	g.open()
}

func TestCtlDisconnects(t *testing.T) {
	t.Parallel()
	h := startHub(t)
	agent := h.agent("a", "-handler", "cat")
	if p := h.ctl(t, "disconnect", "a"); p.Wait() != 0 || p.Stdout() != "disconnected a\n" {
		t.Errorf("exit code %d, stdout %q", p.Wait(), p.Stdout())
	}
	eventually(t, "the client is back", func() bool { return strings.Count(agent.Stderr(), "msg=connected") == 2 })
	h.answers("a", "after", "after")
	var page httpapi.ClientPage
	if err := json.Unmarshal([]byte(h.ctl(t, "list", "-json").Stdout()), &page); err != nil || page.Total != 1 || page.Clients[0].ClientID != "a" {
		t.Errorf("the list is %+v, %v", page, err)
	}
}

// TestCtlIsInterrupted: the hub is told that nobody waits any more.
func TestCtlIsInterrupted(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	h := startHub(t)
	h.agent("a", "-handler", g.handler())
	p := start(t, nil, "quic-ctl", "-api", h.api, "send", "-client", "a", "-wait-ack")
	g.waitUntilBegun()
	p.Signal(os.Interrupt)
	if code := p.Wait(); code != 130 || !strings.Contains(p.Stderr(), "interrupt signal received (the message was sent; whether it was handled is unknown)") {
		t.Errorf("exit code %d, stderr %q", code, p.Stderr())
	}
	g.open()
}

// TestCtlWatches: who watches sees what happens, and goes on with the next hub at
// the same address.
func TestCtlWatches(t *testing.T) {
	t.Parallel()
	h := startHub(t)
	// The first event is that the hub cannot know what came behind the event 1: so
	// it is there when the client connects.
	p := start(t, nil, "quic-ctl", "-api", h.api, "watch", "-json", "-after", "1")
	p.Await(`"restarted":true`)
	agent := h.agent("a", "-handler", "cat")
	p.Await(`"event":"connect"`)
	run(t, "quic-client", h.clientArgs("sender", "-send", "x")...)
	if line := p.Await(`"event":"message"`); !strings.Contains(line, `"client_id":"sender","msg_id":"`) {
		t.Errorf("the message is told as %s", line)
	}
	h.ctl(t, "disconnect", "a")
	p.Await(`"client_id":"a","code":"disconnected"`)
	h.Kill()
	startHubOn(t, h.addr, "-api", strings.TrimPrefix(h.api, "http://"))
	eventually(t, "the client is seen at the new hub", func() bool {
		_, second, restarted := strings.Cut(strings.Replace(p.Stdout(), `"restarted":true`, "", 1), `"restarted":true`)
		return restarted && strings.Contains(second, `"event":"connect"`)
	})
	p.Signal(os.Interrupt)
	if code := p.Wait(); code != 0 || !strings.Contains(p.Stderr(), "next attempt in") {
		t.Errorf("exit code %d, stderr %q", code, p.Stderr())
	}
	if code := agent.Stop(); code != 0 {
		t.Errorf("the client exited with %d", code)
	}
}
