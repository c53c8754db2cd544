package main

import (
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/voilet/QuicFlow/internal/testhub"
	"github.com/voilet/QuicFlow/internal/testprocess"
	"github.com/voilet/QuicFlow/pkg/session"
)

// onTerminal runs quic-ctl on a terminal. A shell, which does not end with it, says
// its exit code and whether it left the terminal as it was.
func onTerminal(t *testing.T, api string, env []string, args ...string) *testprocess.Terminal {
	t.Helper()
	cmd := quicCtl(t, t.TempDir(), append([]string{"QUIC_API=" + api, "TERM=xterm-256color", "PATH=/usr/bin:/bin"}, env...))
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Skip(err)
	}
	cmd.Args = append([]string{"sh", "-c", `trap : INT; before=$(stty -g); "$0" "$@"; code=$?; [ "$(stty -g)" = "$before" ] && echo "exit code $code"`, cmd.Path}, args...)
	cmd.Path = shell
	return testprocess.StartOnTerminal(t, cmd, 80, 24)
}

func TestTop(t *testing.T) {
	t.Parallel()
	api := testhub.Serve(t, newHub())
	for name, key := range map[string]string{"q": "q", "ctrl-c": "\x03"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := onTerminal(t, api, nil, "top", "-interval", "100ms", "-prefix", "client-")
			p.AwaitText("client-002")
			p.Resize(100, 10)
			p.Type(">")
			p.AwaitText("out/s, highest")
			p.Type(key)
			p.AwaitText("exit code 0\r\n")
			restored(t, p.Stdout())
		})
	}
}

// TestTopIsStopped: a service manager ends it in order, too.
func TestTopIsStopped(t *testing.T) {
	t.Parallel()
	api := testhub.Serve(t, newHub())
	p := testprocess.StartOnTerminal(t, quicCtl(t, t.TempDir(), []string{"QUIC_API=" + api, "TERM=xterm"}, "top"), 80, 24)
	p.AwaitText("client-002")
	p.Signal(syscall.SIGTERM)
	if code := p.Wait(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	restored(t, p.Stdout())
}

// restored checks that what was written to a terminal ends with the usual screen
// and a cursor.
func restored(t *testing.T, out string) {
	t.Helper()
	for _, mode := range []struct{ name, on, off string }{{"the alternate screen", "\x1b[?1049h", "\x1b[?1049l"}, {"no cursor", "\x1b[?25l", "\x1b[?25h"}} {
		if on := strings.LastIndex(out, mode.on); on < 0 || strings.LastIndex(out, mode.off) < on {
			t.Errorf("%s is left on in %q", mode.name, out)
		}
	}
}

func TestTopWithoutAHub(t *testing.T) {
	t.Parallel()
	p := onTerminal(t, "127.0.0.1:1", nil, "top")
	p.AwaitText("exit code 3\r\n")
	if strings.Contains(p.Stdout(), "\x1b") {
		t.Errorf("it began to draw: %q", p.Stdout())
	}
}

func TestColours(t *testing.T) {
	t.Parallel()
	var hub testhub.Hub
	hub.Connect(session.Info{ClientID: "a", Silent: true})
	api := testhub.Serve(t, &hub)
	for _, test := range []struct {
		env  string
		want bool
	}{{"NO_COLOR=", true}, {"NO_COLOR=1", false}, {"TERM=dumb", false}} {
		t.Run(test.env, func(t *testing.T) {
			t.Parallel()
			p := onTerminal(t, api, []string{test.env}, "list")
			p.AwaitText("exit code 0\r\n")
			if out := p.Stdout(); strings.Contains(out, "\x1b[33ma") != test.want || strings.Contains(out, "\x1b") != test.want {
				t.Errorf("colours are wanted: %v, there is %q", test.want, out)
			}
		})
	}
}

// TestResultOnATerminal: a script gets the exact bytes, a terminal does not.
func TestResultOnATerminal(t *testing.T) {
	t.Parallel()
	p := onTerminal(t, testhub.Serve(t, newHub()), nil, "send", "-client", "client-001", "-wait-ack", "-payload", "one\ntwo\x1b[2J")
	p.AwaitText("exit code 0\r\n")
	if got, want := p.Stdout(), "command|||30s|one\r\ntwo\\x1b[2J\r\nexit code 0\r\n"; got != want {
		t.Errorf("the terminal got %q, want %q", got, want)
	}
}
