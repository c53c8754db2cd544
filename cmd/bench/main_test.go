package main

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/voilet/QuicFlow/internal/golden"
	"github.com/voilet/QuicFlow/internal/leaktest"
	"github.com/voilet/QuicFlow/internal/settings"
	"github.com/voilet/QuicFlow/internal/testprocess"
)

// programEnv makes the test binary the program itself.
const programEnv = "TEST_RUNS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(programEnv) != "" {
		main()
	}
	leaktest.Main(m)
}

// quicBench returns a command that runs quic-bench in an empty folder, in a clean
// environment.
func quicBench(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0], args...)
	cmd.Dir = t.TempDir()
	cmd.Env = []string{programEnv + "=1", "PATH=" + os.Getenv("PATH"), "GOCOVERDIR=" + os.Getenv("GOCOVERDIR"),
		"TMPDIR=" + cmd.Dir, "GORACE=atexit_sleep_ms=0"} // the race detector waits for a second by default
	return cmd
}

func TestHelp(t *testing.T) {
	for _, test := range []struct{ file, args string }{{"help", "-h"}, {"run-help", "run -h"}, {"serve-help", "serve -h"}} {
		var got bytes.Buffer
		cmd := command()
		cmd.Writer = &got
		if err := settings.Run(t.Context(), cmd, append([]string{"quic-bench"}, strings.Fields(test.args)...)); err != nil {
			t.Fatal(err)
		}
		golden.Compare(t, "testdata/"+test.file+".golden", got.String())
	}
}

func TestMistakes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		args string
		code int
		want string // on stderr, behind the program's name
	}{
		{"run", 2, "choose one hub: -server ADDRESS, -spawn or -embedded"},
		{"run -spawn -embedded", 2, "choose one hub"},
		{"run -spawn -server localhost:1", 2, "choose one hub"},
		{"run -spawn -insecure", 2, "-ca and -insecure are for -server"},
		{"run -server localhost:1 -workers 3", 2, "-workers is for a hub that run starts: give it to quic-bench serve"},
		{"run -server localhost", 2, `invalid value "localhost" for flag -server: write host:port`},
		{"run -spawn -work juggle", 2, `work is "juggle": use ack, oneway, down, broadcast, connect or idle`},
		{"run -spawn -n 5 -d 5s", 2, "set a number of messages or a time, and not both"},
		{"run -spawn -n -5", 2, "numbers and times cannot be negative"},
		{"run -spawn -work idle -n 5", 2, "idle connections send no messages: set a time"},
		{"run -spawn -work connect -rate 5", 2, "connect has no rate"},
		{"run -spawn -size 15", 2, "payloads of 15 bytes: use 16, which the sequence number takes, to 67108864"},
		{"run -spawn -c 0", 2, `invalid value "0" for flag -c: use a number from 1 to 50000`},
		{"run -spawn -conns 0", 2, `invalid value "0" for flag -conns: use a number from 1 to 1000000`},
		{"run -spawn -heartbeat-interval 1m", 2, "-heartbeat-interval 1m0s is not below -max-idle-timeout 30s"},
		{"run -server localhost:1 -ca nosuch.crt", 2, "bad_certificate: cannot read the CA certificate"},
		{"run -server 127.0.0.1:9 -insecure", 3, "unreachable: no answer from 127.0.0.1:9"},
		{"serve -cert a.crt", 2, "-cert needs -key: they belong together"},
		{"serve -cert a.crt -key a.key", 2, "bad_certificate: cannot read the certificate or its key"},
		{"serve -addr 192.0.2.1:0", 1, "cannot listen on 192.0.2.1:0"},
		{"serve -addr 8474", 2, `invalid value "8474" for flag -addr: write host:port or :port`},
	} {
		t.Run(test.args, func(t *testing.T) {
			t.Parallel()
			p := testprocess.Run(t, quicBench(t, strings.Fields(test.args)...))
			if code := p.Wait(); code != test.code {
				t.Errorf("exit code %d, want %d", code, test.code)
			}
			if got := p.Stderr(); strings.Count(got, "\n") != 1 || !strings.HasPrefix(got, "quic-bench: ") || !strings.Contains(got, test.want) {
				t.Errorf("stderr is not one line with %q:\n%s", test.want, got)
			}
		})
	}
}

// TestLeavesNothingBehind: the certificates that it makes are gone when it ends,
// and so is the hub, which would hold stderr open.
func TestLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	cmd := quicBench(t, "run", "-spawn", "-n", "10")
	if p := testprocess.Run(t, cmd); p.Wait() != 0 {
		t.Errorf("exit code %d", p.Wait())
	}
	left, err := os.ReadDir(cmd.Dir)
	if err != nil || len(left) > 0 {
		t.Errorf("it left %v behind, %v", left, err)
	}
}

// TestProgress: on a terminal a line shows how far it is, and is gone in the end.
func TestProgress(t *testing.T) {
	t.Parallel()
	p := testprocess.StartOnTerminal(t, quicBench(t, "run", "-embedded", "-d", "1m"), 100, 24)
	p.AwaitText("\r\x1b[Ksending: 0s, ", "a second")
	p.Type("\x03") // an interrupt
	if code := p.Wait(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	p.AwaitText("sending", "\r\x1b[Kack", "messages", "errors      none")
}

// TestLosesItsHub: what was measured before is reported.
func TestLosesItsHub(t *testing.T) {
	t.Parallel()
	hub := testprocess.Start(t, quicBench(t, "serve", "-addr", "127.0.0.1:0"))
	p := testprocess.StartOnTerminal(t, quicBench(t, "run", "-server", hub.Addr("msg=listening"), "-insecure", "-d", "1h", "-conns", "2"), 100, 24)
	p.AwaitText("sending: 0s, ", "a second")
	if code := hub.Stop(); code != 0 {
		t.Errorf("exit code %d of the hub", code)
	}
	if code := p.Wait(); code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
	p.AwaitText("ack ", "messages", "errors", "the first: ", "quic-bench: ", "failed and")
}

// TestHubEndsWithItsParent: also when that is killed.
func TestHubEndsWithItsParent(t *testing.T) {
	t.Parallel()
	cmd := quicBench(t, "serve", "-addr", "127.0.0.1:0", "-until-eof")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	p := testprocess.Start(t, cmd)
	p.Addr("msg=listening")
	p.Signal(os.Interrupt) // of the terminal, which is for the parent
	if err := stdin.Close(); err != nil {
		t.Fatal(err)
	}
	if code := p.Wait(); code != 0 || !strings.HasPrefix(p.Stdout(), `{"received":0,`) {
		t.Errorf("exit code %d, stdout %q", code, p.Stdout())
	}
}
