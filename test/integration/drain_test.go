package integration

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/voilet/QuicFlow/internal/httpapi"
)

// gate is a handler program that has begun when one file is there, and ends when
// another is, or when the test is over and the folder gone.
type gate struct {
	t                   *testing.T
	dir, begun, release string
}

func newGate(t *testing.T) *gate {
	dir := t.TempDir()
	return &gate{t: t, dir: dir, begun: filepath.Join(dir, "begun"), release: filepath.Join(dir, "release")}
}

func (g *gate) handler() string {
	return `sh -c 'touch ` + g.begun + `; while [ -d ` + g.dir + ` ] && [ ! -e ` + g.release + ` ]; do sleep 0.02; done; echo done'`
}

func (g *gate) waitUntilBegun() {
	g.t.Helper()
	eventually(g.t, "the handler begins", func() bool {
		_, err := os.Stat(g.begun)
		return err == nil
	})
}

func (g *gate) open() {
	g.t.Helper()
	if err := os.WriteFile(g.release, nil, 0o600); err != nil {
		g.t.Fatal(err)
	}
}

func TestHubDrains(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	h := startHub(t, "-handler", g.handler())
	sender := start(t, nil, "quic-client", h.clientArgs("a", "-send", "x", "-wait-ack")...)
	g.waitUntilBegun()
	h.Signal(syscall.SIGTERM)
	h.Await("msg=stopping")
	g.open()
	if code := sender.Wait(); code != 0 || sender.Stdout() != "done\n" {
		t.Errorf("the sender exited with %d and printed %q", code, sender.Stdout())
	}
	if code := h.Wait(); code != 0 {
		t.Errorf("the hub exited with %d", code)
	}
}

// A caller of the API that waits for an acknowledgement gets it though the hub is
// being stopped.
func TestHubDrainsTheAPI(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	h := startHub(t)
	h.agent("a", "-handler", g.handler())
	replies := make(chan httpapi.SendReply, 1)
	go func() { replies <- h.ask("a", "x") }()
	g.waitUntilBegun()
	h.Signal(syscall.SIGTERM)
	h.Await("msg=stopping")
	g.open()
	if reply := <-replies; !reply.Success || reply.Ack.Result != "done\n" {
		t.Errorf("the caller was answered %+v", reply)
	}
	if code := h.Wait(); code != 0 {
		t.Errorf("the hub exited with %d", code)
	}
}

func TestClientDrains(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	h := startHub(t)
	agent := h.agent("a", "-handler", g.handler())
	replies := make(chan httpapi.SendReply, 1)
	go func() { replies <- h.ask("a", "x") }()
	g.waitUntilBegun()
	agent.Signal(syscall.SIGTERM)
	agent.Await("msg=stopping")
	g.open()
	if reply := <-replies; !reply.Success || reply.Ack.Result != "done\n" {
		t.Errorf("the caller was answered %+v", reply)
	}
	if code := agent.Wait(); code != 0 {
		t.Errorf("the client exited with %d", code)
	}
}
