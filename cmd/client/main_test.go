package main

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/voilet/QuicFlow/internal/certs"
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

// quicClient returns a command that runs quic-client in dir, in a clean
// environment.
func quicClient(dir string, args ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], args...)
	cmd.Dir = dir
	cmd.Env = []string{programEnv + "=1", "PATH=" + os.Getenv("PATH"), "GOCOVERDIR=" + os.Getenv("GOCOVERDIR"),
		"GORACE=atexit_sleep_ms=0"} // the race detector waits for a second by default
	return cmd
}

func TestHelp(t *testing.T) {
	var got bytes.Buffer
	cmd := command()
	cmd.Writer = &got
	if err := settings.Run(t.Context(), cmd, []string{"quic-client", "-h"}); err != nil {
		t.Fatal(err)
	}
	golden.Compare(t, "testdata/help.golden", got.String())
}

func TestMistakes(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 129)
	for _, test := range []struct {
		args string
		code int
		want string // on stderr, behind the program's name
	}{
		{"", 2, "the client has no name: give it one of its own, as in quic-client -id client-001"},
		{"-id=", 2, "the client has no name"},
		{"-id " + long, 2, "invalid_client_id: "},
		{"-id a -server localhost", 2, `invalid value "localhost" for flag -server: write host:port`},
		{"-id a -wait-ack", 2, "-wait-ack is for a message to send: add -send TEXT"},
		{"-id a -type event", 2, "-type is for a message to send: add -send TEXT"},
		{"-id a -timeout 5s", 2, "-timeout is for a message to send: add -send TEXT"},
		{"-id a -send x -type reply", 2, `type is "reply": use command, event or query`},
		{"-id a -send x -timeout 0", 2, `invalid value "0" for flag -timeout: use a time from 1ms to 87600h, which is ten years`},
		{"-id a -max-retries -1", 2, `invalid value "-1" for flag -max-retries: use a number from 0 to 2147483647`},
		{"-id a -initial-backoff 2m", 2, "-initial-backoff 2m0s is over -max-backoff 1m0s"},
		{"-id a -token a -token-file b", 2, "-token and -token-file are both set: leave one out"},
		{"-id a -handler nosuchprogram", 2, `handler program "nosuchprogram" cannot be run`},
		{"-id a -log-level loud", 2, `invalid value "loud" for flag -log-level: use debug`},
		{"-id a -ca nosuch.crt", 2, "bad_certificate: cannot read the CA certificate: name other files, or make some for development with quic-ctl certs"},
		{"-id a -cert certs/client.crt", 2, "a certificate file and a key file are both needed"},
		{"-id a -cert certs/client.crt -key certs/server.key", 2, "certs/client.crt and certs/server.key cannot be used"},
		{"-id a -send x -ca nosuch.crt", 2, "bad_certificate: cannot read the CA certificate"},
		{"-id a -send x -timeout 50ms -server 127.0.0.1:9", 3, "unreachable: no answer from 127.0.0.1:9 within 50ms: check the address"},
	} {
		t.Run(test.args, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if _, err := certs.Create(certs.Options{Dir: dir + "/certs"}); err != nil {
				t.Fatal(err)
			}
			p := testprocess.Run(t, quicClient(dir, strings.Fields(test.args)...))
			if code := p.Wait(); code != test.code {
				t.Errorf("exit code %d, want %d", code, test.code)
			}
			if got := p.Stderr(); strings.Count(got, "\n") != 1 || !strings.HasPrefix(got, "quic-client: ") || !strings.Contains(got, test.want) {
				t.Errorf("stderr is not one line with %q:\n%s", test.want, got)
			}
		})
	}
}
