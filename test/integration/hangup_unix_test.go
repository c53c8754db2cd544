//go:build unix

package integration

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/creack/pty"

	"github.com/voilet/QuicFlow/internal/certs"
	"github.com/voilet/QuicFlow/internal/testprocess"
)

// settingsFile is a file of settings that a test rewrites.
type settingsFile struct {
	t    *testing.T
	path string
}

func newSettingsFile(t *testing.T, text string) *settingsFile {
	f := &settingsFile{t, filepath.Join(t.TempDir(), "settings.yaml")}
	f.write(text)
	return f
}

func (f *settingsFile) write(text string) {
	f.t.Helper()
	if err := os.WriteFile(f.path, []byte(text), 0o600); err != nil {
		f.t.Fatal(err)
	}
}

// reread makes p read the file with this text, and returns the line of its log
// that has words in it.
func (f *settingsFile) reread(p *testprocess.Process, text, words string) string {
	f.t.Helper()
	f.write(text)
	p.Signal(syscall.SIGHUP)
	return p.Await(words)
}

// TestLevelOfARunningProgram turns the log of a hub and of a client up and down.
func TestLevelOfARunningProgram(t *testing.T) {
	t.Parallel()
	hubFile, clientFile := newSettingsFile(t, "log-level: info\n"), newSettingsFile(t, "# nothing yet\n")
	h := startHub(t, "-config", hubFile.path)
	agent := h.agent("edge", "-config", clientFile.path)
	for _, end := range []struct {
		name string
		*testprocess.Process
		file *settingsFile
		send func(payload string)
	}{
		{"hub", h.Process, hubFile, func(payload string) {
			if p := run(t, "quic-client", h.clientArgs("sender", "-send", payload, "-wait-ack")...); p.Wait() != 0 {
				t.Errorf("the hub does not answer: exit code %d", p.Wait())
			}
		}},
		{"client", agent, clientFile, func(payload string) {
			if reply := h.ask("edge", payload); !reply.Success {
				t.Errorf("the client does not answer: %+v", reply)
			}
		}},
	} {
		t.Run(end.name, func(t *testing.T) {
			end.file.t = t
			end.send("unseen-1")
			end.file.reread(end.Process, "log-level: debug\n", `msg="log level set" log_level=debug before=info`)
			end.send("seen-1")
			end.Await("payload=seen-1")
			line := end.file.reread(end.Process, "\nlog-level: loud\n", "level=ERROR")
			if want := fmt.Sprintf(`error="invalid_config: %s:2: log-level: cannot use \"loud\": use debug, info, warn or error"`, end.file.path); !strings.Contains(line, want) {
				t.Errorf("the log has %s\nwant %s", line, want)
			}
			end.send("seen-2")
			end.Await("payload=seen-2")
			end.file.reread(end.Process, "log-level: info\n", `msg="log level set" log_level=info before=debug`)
			end.send("unseen-2")
			end.file.reread(end.Process, "log-level: error\n", `level=INFO msg="log level set" log_level=error before=info`)
			end.file.reread(end.Process, "log-levl: info\n", "unknown key log-levl (did you mean log-level?)")
			end.file.reread(end.Process, "log-level: warn\n", `level=WARN msg="log level set" log_level=warn before=error`)
			end.file.reread(end.Process, "\n", `level=INFO msg="log level set" log_level=info before=warn`)
			if code := end.Stop(); code != 0 {
				t.Errorf("exit code %d", code)
			}
			if strings.Contains(end.Stderr(), "unseen") {
				t.Errorf("messages are logged at level info:\n%s", end.Stderr())
			}
		})
		if end.name == "hub" { // which has stopped; its client goes on with another
			h = startHubOn(t, h.addr)
			h.answers("edge", "back", "")
		}
	}
}

func TestHangupWithoutEffect(t *testing.T) {
	t.Parallel()
	file := newSettingsFile(t, "log-level: debug\n")
	for name, test := range map[string]struct {
		env  []string
		args []string
		want string
	}{
		"no file":           {nil, nil, `level=INFO msg="SIGHUP leaves the log level without -config" log_level=info`},
		"no file, no infos": {nil, []string{"-log-level", "warn"}, `level=WARN msg="SIGHUP leaves the log level without -config" log_level=warn`},
		"flag":              {nil, []string{"-config", file.path, "-log-level", "warn"}, "beats the file\" log_level=warn set_by=-log-level"},
		"variable":          {[]string{"QUIC_LOG_LEVEL=warn"}, []string{"-config", file.path}, "beats the file\" log_level=warn set_by=QUIC_LOG_LEVEL"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// It tries to connect, and goes on trying.
			p := start(t, test.env, "quic-client", append([]string{"-server", "127.0.0.1:9", "-id", "edge", "-insecure"}, test.args...)...)
			p.Await("not checked") // by then it handles the signal
			p.Signal(syscall.SIGHUP)
			p.Await(test.want)
			if code := p.Stop(); code != 0 {
				t.Errorf("exit code %d", code)
			}
		})
	}
}

// TestTerminalIsClosed: a program ends in order with the terminal that it was started on;
// while that is there, the signal does what it always does.
func TestTerminalIsClosed(t *testing.T) {
	t.Parallel()
	h := startHub(t)
	for name, args := range map[string][]string{
		"quic-server": {"-addr", "127.0.0.1:0", "-api=", "-metrics=",
			"-cert", filepath.Join(built.certs, certs.ServerCertFile), "-key", filepath.Join(built.certs, certs.ServerKeyFile)},
		"quic-client": h.clientArgs("edge"),
	} {
		t.Run(name, func(t *testing.T) {
			p := testprocess.StartOnTerminal(t, command(t, nil, name, args...), 200, 50)
			p.AwaitText("level=INFO")
			p.Signal(syscall.SIGHUP)
			p.AwaitText("SIGHUP leaves the log level without -config")
			p.HangUp()
			if code := p.Wait(); code != 0 {
				t.Errorf("exit code %d, want 0, as after SIGTERM", code)
			}
		})
	}
}

// TestTerminalOfOthersIsClosed: setsid has taken the program from its terminal, which
// therefore ends nothing when it is closed, nor when a reload comes afterwards.
func TestTerminalOfOthersIsClosed(t *testing.T) {
	t.Parallel()
	terminal, stdin, err := pty.Open()
	if err != nil {
		t.Skip(err)
	}
	cmd := command(t, nil, "quic-client", "-server", "127.0.0.1:9", "-id", "edge", "-insecure")
	cmd.Stdin, cmd.SysProcAttr = stdin, &syscall.SysProcAttr{Setsid: true}
	p := testprocess.Start(t, cmd)
	p.Await("not checked") // by then it handles the signal
	if err := errors.Join(stdin.Close(), terminal.Close()); err != nil {
		t.Fatal(err)
	}
	p.Signal(syscall.SIGHUP)
	p.Await("SIGHUP leaves the log level without -config")
	if code := p.Stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}
