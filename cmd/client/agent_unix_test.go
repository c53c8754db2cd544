//go:build unix

package main

import (
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/voilet/QuicFlow/internal/testprocess"
)

// startHandler starts an agent and lets it run a handler program that does not end
// by itself. held ends when that program and its child are gone.
func startHandler(t *testing.T, program string, args ...string) (agent *testprocess.Process, held *os.File) {
	t.Helper()
	h := startHub(t)
	pipe := filepath.Join(h.dir, "held")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	agent = h.start(t, append(args, "-handler", program)...)
	if _, err := h.SendAsync(t.Context(), <-h.connected, text(""), 0); err != nil {
		t.Fatal(err)
	}
	held, err := os.Open(pipe) // waits for the handler
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = held.Close() })
	return agent, held
}

func awaitEnd(t *testing.T, held *os.File) {
	t.Helper()
	if _, err := io.Copy(io.Discard, held); err != nil {
		t.Error(err)
	}
}

// TestAgentFinishes: what is under way is finished after SIGTERM, and answered.
func TestAgentFinishes(t *testing.T) {
	t.Parallel()
	h := startHub(t)
	p := h.start(t, "-handler", `sh -c 'cat go; echo done'`)
	pipe := filepath.Join(h.dir, "go")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	promise, err := h.SendAsync(t.Context(), <-h.connected, text(""), 0)
	if err != nil {
		t.Fatal(err)
	}
	w, err := os.OpenFile(pipe, os.O_WRONLY, 0) // waits for the handler
	if err != nil {
		t.Fatal(err)
	}
	p.Signal(os.Interrupt)
	p.Await("msg=stopping")
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	ack, err := promise.Result()
	if err != nil || string(ack.Result) != "done\n" {
		t.Errorf("acknowledged with %v and error %v", ack, err)
	}
	if code := p.Wait(); code != 0 {
		t.Errorf("exit code %d after SIGINT, want 0", code)
	}
}

func TestHandlersAreKilled(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		drain   string
		signals int
		want    string // the reason, on stderr
	}{
		{"1ms", 1, "the 1ms of -drain-timeout are over"},
		{"1h", 2, "second signal received: terminated"},
	} {
		t.Run(test.want, func(t *testing.T) {
			t.Parallel()
			agent, held := startHandler(t, "sh -c 'exec 9>held; sleep 1000 & wait'", "-drain-timeout", test.drain)
			for range test.signals {
				agent.Signal(syscall.SIGTERM)
				agent.Await("msg=stopping")
			}
			if code := agent.Wait(); code != 1 || !strings.Contains(agent.Stderr(), "quic-client: ") || !strings.Contains(agent.Stderr(), test.want) {
				t.Errorf("exit code %d, want 1 and the reason %q on stderr:\n%s", code, test.want, agent.Stderr())
			}
			agent.Await("msg=stopped in_order=false")
			awaitEnd(t, held)
		})
	}
}

func TestHandlerDiesWithTheAgent(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("only Linux kills it")
	}
	agent, held := startHandler(t, "sh -c 'exec 9>held; exec sleep 1000'")
	agent.Kill()
	awaitEnd(t, held)
}
