package main

import (
	"os"
	"strings"
	"testing"

	"github.com/voilet/QuicFlow/internal/testprocess"
)

func TestSend(t *testing.T) {
	t.Parallel()
	h := startHub(t)
	for _, test := range []struct {
		name   string
		args   []string
		stdin  string
		code   int
		stdout string
		stderr string
	}{
		{"result", []string{"-send", "hello", "-wait-ack"}, "", 0, "hello", ""},
		{"empty", []string{"-send", "", "-wait-ack"}, "", 0, "", ""},
		{"stdin", []string{"-send", "-", "-wait-ack", "-type", "query"}, "two\nlines\n\x00", 0, "two\nlines\n\x00", ""},
		{"no acknowledgement", []string{"-send", "hello", "-type", "event"}, "", 0, "delivered to ", ""},
		{"failure", []string{"-send", "fail", "-wait-ack"}, "", 1, "", "quic-client: handler_failed (from the peer): that did not work\n"},
		{"failure nobody asked for", []string{"-send", "fail"}, "", 0, "delivered to ", ""},
		{"too large", []string{"-send", "hello", "-max-payload", "4"}, "", 1, "", "a payload of 5 bytes is over the limit of 4"},
		{"stdin too large", []string{"-send", "-", "-max-payload", "4"}, "hello", 1, "", "stdin has more than the 4 bytes of -max-payload"},
		{"answer too late", []string{"-send", "wait", "-wait-ack", "-timeout", "2s"}, "", 4, "",
			"(the message was sent; whether it was handled is unknown)"},
		{"handled too late", []string{"-send", "wait", "-timeout", "2s"}, "", 4, "",
			"(the message was sent; whether it was handled is unknown)"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			cmd := quicClient(h.dir, append([]string{"-server", h.Addr().String(), "-id", "client-" + test.name}, test.args...)...)
			cmd.Stdin = strings.NewReader(test.stdin)
			if test.stdout == "delivered to " {
				test.stdout += h.Addr().String() + "\n"
			}
			p := testprocess.Run(t, cmd)
			if p.Wait() != test.code || p.Stdout() != test.stdout || !strings.Contains(p.Stderr(), test.stderr) || (p.Stderr() == "") != (test.stderr == "") {
				t.Errorf("exit code %d, stdout %q, stderr %q\nwant      %d,        %q,        %q",
					p.Wait(), p.Stdout(), p.Stderr(), test.code, test.stdout, test.stderr)
			}
		})
	}
}

func TestSendIsDeliveredAsItSays(t *testing.T) {
	t.Parallel()
	h := startHub(t)
	for i, kind := range []string{"command", "event", "query"} {
		p := h.start(t, "-send", kind, "-type", kind)
		if code := p.Wait(); code != 0 {
			t.Fatalf("exit code %d", code)
		}
		select {
		case msg := <-h.received:
			if int(msg.Type) != i+1 || string(msg.Payload) != kind || msg.SenderId != "client-001" || msg.WaitAck {
				t.Errorf("the hub received %v", msg)
			}
		default:
			t.Errorf("the program ended before the hub had its %s", kind)
		}
	}
}

func TestSendIsCalledOff(t *testing.T) {
	t.Parallel()
	h := startHub(t)
	p := h.start(t, "-send", "wait", "-wait-ack")
	<-h.received
	p.Signal(os.Interrupt)
	if code := p.Wait(); code != 130 || !strings.Contains(p.Stderr(), "canceled") {
		t.Errorf("exit code %d, stderr %q", code, p.Stderr())
	}
}

// TestSendNoticesALoss: who wants no answer still wants to know whether the
// message arrived.
func TestSendNoticesALoss(t *testing.T) {
	t.Parallel()
	h := startHub(t)
	p := h.start(t, "-send", "wait")
	<-h.received
	if err := h.Disconnect(<-h.connected, "at the wrong time"); err != nil {
		t.Fatal(err)
	}
	const want = "at the wrong time (the message was sent; whether it was handled is unknown)"
	if code := p.Wait(); code != 1 || !strings.Contains(p.Stderr(), want) {
		t.Errorf("exit code %d, stderr %q", code, p.Stderr())
	}
}

// TestSendAcknowledgesNothing: nobody would see a message that reaches a program
// that only sends one.
func TestSendAcknowledgesNothing(t *testing.T) {
	t.Parallel()
	h := startHub(t)
	h.start(t, "-send", "wait", "-wait-ack")
	<-h.received
	ack, err := h.SendMessage(t.Context(), "client-001", text("hello"), true, 0)
	if err != nil || ack.Status == success {
		t.Errorf("a message to the sender gives %v and error %v, want a failure", ack, err)
	}
}
