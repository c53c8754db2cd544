package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/voilet/QuicFlow/internal/testhub"
	"github.com/voilet/QuicFlow/internal/testprocess"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
	"github.com/voilet/QuicFlow/pkg/session"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

// newHub returns a hub with clients of all kinds.
func newHub() *testhub.Hub {
	// Ages are shown in units of which half is left, so that the time which a test
	// takes does not show.
	ago := func(d time.Duration) time.Time { return time.Now().Add(-d) }
	hub := &testhub.Hub{OnSend: answer, OnBroadcast: leaveOut, QlogDir: "/var/lib/quic"}
	hub.Connect(
		session.Info{
			ClientID: "client-001", SessionID: "SESSION", RemoteAddr: "192.0.2.7:52104", ConnectedAt: ago(26*time.Hour + 30*time.Minute), LastSeen: ago(90*time.Minute + 30*time.Second),
			RTT: 1234 * time.Microsecond, MessagesSent: 1, MessagesReceived: 12345, BytesSent: 17, BytesReceived: 12_345_678, SendFailures: 1, HandlerFailures: 2, PacketsLost: 5, Dropped: 6, QueuedBytes: 5000,
		},
		session.Info{ClientID: "client-002", RemoteAddr: "[2001:db8::1]:443", ConnectedAt: ago(63*time.Minute + 30*time.Second), LastSeen: ago(61*time.Minute + 30*time.Second), Silent: true},
		session.Info{ClientID: "a b/..", RemoteAddr: "127.0.0.1:1", ConnectedAt: ago(61*time.Minute + 30*time.Second), LastSeen: ago(61*time.Minute + 30*time.Second)},
		session.Info{ClientID: "\x1b[2J\u202e日本", RemoteAddr: "127.0.0.1:2", ConnectedAt: ago(61*time.Minute + 30*time.Second), LastSeen: ago(61*time.Minute + 30*time.Second)},
	)
	return hub
}

// answer repeats what it was sent, unless that asks for something else.
func answer(_ context.Context, id string, m *protocol.DataMessage, waitAck bool, timeout time.Duration) (*protocol.AckMessage, error) {
	switch string(m.Payload) {
	case "drain":
		return nil, qerrors.NotSent(qerrors.New(qerrors.Draining, "the hub is being stopped"))
	case "slow":
		return nil, qerrors.Unknown(qerrors.New(qerrors.Timeout, "no acknowledgement within %v", timeout))
	case "fail":
		return &protocol.AckMessage{Status: protocol.AckStatus_ACK_STATUS_FAILURE, Code: uint32(qerrors.HandlerFailed), Error: "exit status 3:\n\x1b[31mno"}, nil
	case "lie": // its timeout is not ours
		return &protocol.AckMessage{Status: protocol.AckStatus_ACK_STATUS_FAILURE, Code: uint32(qerrors.Timeout), Error: "late"}, nil
	}
	switch {
	case id != "client-001":
		return nil, qerrors.NotSent(qerrors.New(qerrors.UnknownClient, "no client %q is connected", id))
	case !waitAck:
		return nil, nil
	}
	result := strings.Join([]string{m.Type.Name(), m.Headers["k"], m.Headers["l"], timeout.String(), string(m.Payload)}, "|")
	return &protocol.AckMessage{Status: protocol.AckStatus_ACK_STATUS_SUCCESS, Result: []byte(result)}, nil
}

func leaveOut(m *protocol.DataMessage) (server.BroadcastResult, error) {
	result := server.BroadcastResult{MessageID: m.MsgId, Total: 4, Delivered: 4}
	if m.Type == protocol.MessageType_MESSAGE_TYPE_COMMAND {
		result.Delivered, result.Failed = 1, map[string]error{"slow\x1b[2J": qerrors.ErrQueueFull, "a": qerrors.ErrDraining, "small": qerrors.ErrPayloadTooLarge}
	}
	return result, nil
}

// TestHubGolden compares what the commands that ask a hub print, and their exit
// codes, with files in testdata.
func TestHubGolden(t *testing.T) {
	api := testhub.Serve(t, newHub())
	nobody := testhub.Serve(t, &testhub.Hub{})
	var plain testhub.Hub // without a folder for traces
	plain.Connect(session.Info{ClientID: "a"})
	noHub := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(noHub.Close)
	for _, test := range []struct{ name, line string }{
		{"list", "quic-ctl list"},
		{"list-prefix", "quic-ctl list -prefix client-"},
		{"list-limit", "QUIC_LIST_LIMIT=2 quic-ctl list"},
		{"list-json", "quic-ctl list -prefix client- -json"},
		{"list-hostile-json", "quic-ctl list -limit 1 -json"},
		{"list-nobody", "quic-ctl list -api $NOBODY"},
		{"list-bad-limit", "quic-ctl list -limit -1"},
		{"get", "quic-ctl get client-001"},
		{"get-json", "quic-ctl get -json client-001"},
		{"get-slash", "quic-ctl get 'a b/..'"},
		{"get-unknown", "quic-ctl get nobody"},
		{"get-none", "quic-ctl get"},
		{"get-empty", "quic-ctl get ''"},
		{"get-two", "quic-ctl get client-001 client-002"},
		{"disconnect-unknown", "quic-ctl disconnect -- -x"},
		{"disconnect-none", "quic-ctl disconnect"},
		{"send", "quic-ctl send -client client-001"},
		{"send-json", "quic-ctl send -client client-001 -payload x -json"},
		{"send-ack", `quic-ctl send -client client-001 -type command -payload '{"action":"restart"}' -wait-ack`},
		{"send-ack-json", "quic-ctl send -client client-001 -payload x -wait-ack -json"},
		{"send-all-flags", "quic-ctl send --client=client-001 --type=query --header=k=v=w --header l=m --timeout=1m30s --wait-ack --payload x"},
		{"send-environment", "QUIC_SEND_CLIENT=client-001 QUIC_SEND_WAIT_ACK=true QUIC_SEND_HEADER=k=v,l=m QUIC_SEND_PAYLOAD=x quic-ctl send"},
		{"send-file", "quic-ctl send -client client-001 -wait-ack -payload @payload.txt"},
		{"send-no-file", "quic-ctl send -client client-001 -payload @nosuch"},
		{"send-folder", "quic-ctl send -client client-001 -payload @."},
		{"send-failure", "quic-ctl send -client client-001 -payload fail -wait-ack"},
		{"send-failure-json", "quic-ctl send -client client-001 -payload fail -wait-ack -json"},
		{"send-failure-with-a-timeout", "quic-ctl send -client client-001 -payload lie -wait-ack"},
		{"send-unknown", "quic-ctl send -client nobody -wait-ack"},
		{"send-timeout", "quic-ctl send -client client-001 -payload slow -wait-ack -timeout 1500ms"},
		{"send-no-client", "quic-ctl send -payload x"},
		{"send-empty-client", "quic-ctl send -client= -payload x"},
		{"send-bad-type", "quic-ctl send -client client-001 -type order"},
		{"send-bad-header", "quic-ctl send -client client-001 -header k"},
		{"send-header-twice", "quic-ctl send -client client-001 -header k=1 -header k=2"},
		{"send-bad-timeout", "quic-ctl send -client client-001 -timeout 1us"},
		{"send-argument", "quic-ctl send -client client-001 hello"},
		{"broadcast", "quic-ctl broadcast -payload hello"},
		{"broadcast-json", "quic-ctl broadcast -payload hello -json"},
		{"broadcast-left-out", "quic-ctl broadcast -type command"},
		{"watch-nobody-there", "quic-ctl watch -api 127.0.0.1:1"},
		{"top-no-terminal", "quic-ctl top"},
		{"top-bad-sort", "quic-ctl top -sort size"},
		{"top-bad-interval", "quic-ctl top -interval 1ms"},
		{"send-draining", "quic-ctl send -client client-001 -payload drain"},
		{"qlog-start", "quic-ctl qlog start client-001"},
		{"qlog-start-json", "quic-ctl qlog start 'a b/..' -json"},
		{"qlog-start-unknown", "quic-ctl qlog start nobody"},
		{"qlog-start-no-folder", "quic-ctl qlog start a -api $PLAIN"},
		{"qlog-stop", "quic-ctl qlog stop client-001"},
		{"qlog-stop-none", "quic-ctl qlog stop"},
		{"qlog-help", "quic-ctl qlog"},
		{"qlog-start-help", "quic-ctl qlog start -h"},
		{"api-nobody-there", "quic-ctl list -api 127.0.0.1:1"},
		{"api-file", "quic-ctl list -config api.yaml"},
		{"api-no-hub", "quic-ctl list -api $NOHUB"},
		{"api-bad", "quic-ctl list -api ftp://localhost"},
		{"list-help", "quic-ctl list -h"},
		{"get-help", "quic-ctl get -h"},
		{"send-help", "quic-ctl send -h"},
		{"broadcast-help", "quic-ctl broadcast -h"},
		{"disconnect-help", "quic-ctl disconnect -h"},
		{"watch-help", "quic-ctl watch -h"},
		{"top-help", "quic-ctl top -h"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			for name, text := range map[string]string{"payload.txt": "two\nlines\n", "api.yaml": "api: 127.0.0.1:2\n"} {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			env := []string{"QUIC_API=" + api, "TZ=UTC"}
			if strings.Contains(test.line, "-config") {
				env = nil
			}
			compareIn(t, dir, test.name, test.line, map[string]string{"$NOBODY": nobody, "$NOHUB": noHub.URL, "$PLAIN": testhub.Serve(t, &plain)}, env...)
		})
	}
}

// TestInterrupted: a script can tell ctrl-c from a failure.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{})
	api := testhub.Serve(t, &testhub.Hub{OnSend: func(ctx context.Context, _ string, _ *protocol.DataMessage, _ bool, _ time.Duration) (*protocol.AckMessage, error) {
		close(asked)
		<-ctx.Done()
		return nil, qerrors.FromContext(ctx)
	}})
	p := testprocess.Start(t, quicCtl(t, t.TempDir(), []string{"QUIC_API=" + api}, "send", "-client", "a", "-wait-ack"))
	<-asked
	p.Signal(os.Interrupt)
	if code := p.Wait(); code != 130 || !strings.Contains(p.Stderr(), "interrupt signal received") {
		t.Errorf("exit code %d, stderr %q", code, p.Stderr())
	}
}

func TestDisconnect(t *testing.T) {
	t.Parallel()
	hub := newHub()
	api := testhub.Serve(t, hub)
	for _, id := range []string{"client-001", "a b/..", "\x1b[2J\u202e日本"} {
		stdout, stderr, code := run(t, t.TempDir(), []string{"QUIC_API=" + api}, "disconnect", id)
		if _, connected := hub.Client(id); connected || code != 0 || !strings.HasPrefix(stdout, "disconnected ") || strings.Contains(stdout, "\x1b") {
			t.Errorf("%q is connected: %v; exit code %d, stdout %q, stderr %q", id, connected, code, stdout, stderr)
		}
	}
}

// TestPayloadFromStdin: bytes go in and come out as they are.
func TestPayloadFromStdin(t *testing.T) {
	t.Parallel()
	api := testhub.Serve(t, newHub())
	const binary = "\x00\xff\x1b[2J\r\n"
	cmd := quicCtl(t, t.TempDir(), []string{"QUIC_API=" + api}, "send", "-client", "client-001", "-payload", "-", "-wait-ack")
	cmd.Stdin = strings.NewReader(binary)
	out, err := cmd.Output()
	if want := "command|||30s|" + binary; string(out) != want || err != nil {
		t.Errorf("answered %q, want %q, %v", out, want, err)
	}
}
