package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/voilet/QuicFlow/internal/testprocess"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

func text(payload string) *protocol.DataMessage {
	return &protocol.DataMessage{Type: protocol.MessageType_MESSAGE_TYPE_COMMAND, Payload: []byte(payload)}
}

// ask sends a command to the agent once that is there.
func (h *hub) ask(t *testing.T, payload string) *protocol.AckMessage {
	t.Helper()
	ack, err := h.SendMessage(t.Context(), <-h.connected, text(payload), true, 0)
	if err != nil {
		t.Fatal(err)
	}
	return ack
}

func TestAgentAcknowledges(t *testing.T) {
	t.Parallel()
	h := startHub(t)
	p := h.start(t, "-log-level", "debug")
	if ack := h.ask(t, "hello"); ack.Status != success || len(ack.Result) != 0 {
		t.Errorf("acknowledged with %v, want success and an empty result", ack)
	}
	if line := p.Await("message received"); !strings.Contains(line, "type=command bytes=5") {
		t.Errorf("the log has %s", line)
	}
	if code := p.Stop(); code != 0 {
		t.Errorf("exit code %d after SIGTERM, want 0", code)
	}
	p.Await("msg=stopped in_order=true")
	if p.Stdout() != "" {
		t.Errorf("stdout has %q", p.Stdout())
	}
}

// TestAgentSaysThatItConnects, and not only that it could not, after -handshake-timeout.
func TestAgentSaysThatItConnects(t *testing.T) {
	t.Parallel()
	p := testprocess.Start(t, quicClient(t.TempDir(), "-id", "a", "-insecure", "-server", "127.0.0.1:9", "-handshake-timeout", "1h"))
	if line := p.Await("msg=connecting"); !strings.Contains(line, "client_id=a remote=127.0.0.1:9") {
		t.Errorf("the log has %s", line)
	}
	if code := p.Stop(); code != 0 {
		t.Errorf("exit code %d after SIGTERM, want 0", code)
	}
}

func TestAgentRunsItsHandler(t *testing.T) {
	t.Parallel()
	h := startHub(t)
	h.start(t, "-handler", `sh -c 'echo "$QUIC_MESSAGE_TYPE: $(cat)"'`)
	if ack := h.ask(t, "hello"); ack.Status != success || string(ack.Result) != "command: hello\n" {
		t.Errorf("acknowledged with %v", ack)
	}
}

// TestAgentIgnoresHowToSend: the environment and the file may be there for others.
func TestAgentIgnoresHowToSend(t *testing.T) {
	t.Parallel()
	h := startHub(t)
	if err := os.WriteFile(filepath.Join(h.dir, "client.yaml"), []byte("type: event\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := quicClient(h.dir, "-server", h.Addr().String(), "-id", "client-001", "-config", "client.yaml")
	cmd.Env = append(cmd.Env, "QUIC_TIMEOUT=5s", "QUIC_WAIT_ACK=true")
	p := testprocess.Start(t, cmd)
	if ack := h.ask(t, "hello"); ack.Status != success {
		t.Errorf("acknowledged with %v", ack)
	}
	if code := p.Stop(); code != 0 {
		t.Errorf("exit code %d after SIGTERM, want 0", code)
	}
}

// TestHowToSendWithSendOfTheEnvironment: what is typed may be about it.
func TestHowToSendWithSendOfTheEnvironment(t *testing.T) {
	t.Parallel()
	h := startHub(t)
	cmd := quicClient(h.dir, "-server", h.Addr().String(), "-id", "client-001", "-wait-ack")
	cmd.Env = append(cmd.Env, "QUIC_SEND=hello")
	if p := testprocess.Run(t, cmd); p.Wait() != 0 || p.Stdout() != "hello" {
		t.Errorf("exit code %d, stdout %q", p.Wait(), p.Stdout())
	}
}

func TestAgentGivesUp(t *testing.T) {
	t.Parallel()
	h := startHub(t)
	first := h.start(t)
	<-h.connected
	second := h.start(t)
	<-h.connected
	if code := first.Wait(); code != 1 || !strings.Contains(first.Stderr(), "quic-client: replaced (from the peer): ") {
		t.Errorf("exit code %d of a client that was replaced, stderr:\n%s", code, first.Stderr())
	}
	if code := second.Stop(); code != 0 {
		t.Errorf("exit code %d of the other", code)
	}
}

func TestAgentComesBack(t *testing.T) {
	t.Parallel()
	h := startHub(t)
	h.start(t, "-initial-backoff", "1ms")
	id := <-h.connected
	if err := h.Disconnect(id, "to see it come back"); err != nil {
		t.Fatal(err)
	}
	<-h.connected
}

func TestAgentDoesNotComeBack(t *testing.T) {
	t.Parallel()
	h := startHub(t)
	p := h.start(t, "-reconnect=false")
	if err := h.Disconnect(<-h.connected, "for good"); err != nil {
		t.Fatal(err)
	}
	if code := p.Wait(); code != 1 || !strings.Contains(p.Stderr(), "quic-client: disconnected (from the peer): for good") {
		t.Errorf("exit code %d, stderr:\n%s", code, p.Stderr())
	}
}

func TestAgentIsStoppedWhileItConnects(t *testing.T) {
	t.Parallel()
	p := testprocess.Start(t, quicClient(t.TempDir(), "-id", "a", "-server", "127.0.0.1:9", "-insecure"))
	p.Await("not checked") // which it says before it connects
	if code := p.Stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	p.Await("msg=stopped")
}

func TestTrust(t *testing.T) {
	t.Parallel()
	h := startHub(t)
	elsewhere := t.TempDir()
	for _, test := range []struct {
		name string
		dir  string
		args []string
		want string // in the reason of a failure
	}{
		{"development CA where it is by default", h.dir, nil, ""},
		{"named CA", elsewhere, []string{"-ca", filepath.Join(h.dir, "certs", "ca.crt")}, ""},
		{"system's CAs where there is no other", elsewhere, nil, "bad_certificate: the hub's certificate is not trusted"},
		{"system's CAs", h.dir, []string{"-ca="}, "bad_certificate: the hub's certificate is not trusted"},
		{"another name", h.dir, []string{"-server-name", "other.example"}, "bad_certificate: the hub's certificate is not trusted"},
		{"any", elsewhere, []string{"-insecure"}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			args := append([]string{"-server", h.Addr().String(), "-id", test.name, "-send", "hello", "-wait-ack"}, test.args...)
			p := testprocess.Run(t, quicClient(test.dir, args...))
			switch {
			case test.want == "" && (p.Wait() != 0 || p.Stdout() != "hello"):
				t.Errorf("exit code %d, stderr %q", p.Wait(), p.Stderr())
			case test.want != "" && (p.Wait() != 1 || !strings.Contains(p.Stderr(), test.want)):
				t.Errorf("exit code %d, stderr %q, want %q", p.Wait(), p.Stderr(), test.want)
			}
		})
	}
}
