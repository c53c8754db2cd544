package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
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

// quicServer returns a command that runs quic-server in an empty folder, in a clean
// environment.
func quicServer(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0], args...)
	cmd.Dir = t.TempDir()
	cmd.Env = []string{programEnv + "=1", "PATH=" + os.Getenv("PATH"), "GOCOVERDIR=" + os.Getenv("GOCOVERDIR"),
		"GORACE=atexit_sleep_ms=0"} // the race detector waits for a second by default
	return cmd
}

// withCerts adds certificates to the folder of cmd, where the program looks for
// them by default.
func withCerts(t *testing.T, cmd *exec.Cmd) *exec.Cmd {
	t.Helper()
	if _, err := certs.Create(certs.Options{Dir: filepath.Join(cmd.Dir, "certs")}); err != nil {
		t.Fatal(err)
	}
	return cmd
}

func TestHelp(t *testing.T) {
	var got bytes.Buffer
	cmd := command()
	cmd.Writer = &got
	if err := settings.Run(t.Context(), cmd, []string{"quic-server", "-h"}); err != nil {
		t.Fatal(err)
	}
	golden.Compare(t, "testdata/help.golden", got.String())
}

func TestMistakes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		args string
		env  string
		code int
		want string // on stderr, behind the program's name
	}{
		{args: "-workers 0", code: 2, want: `invalid value "0" for flag -workers: use a number from 1 to 10000; see quic-server -h`},
		{args: "-queue-size 99999999", code: 2, want: `use a number from 1 to 10000000`},
		{args: "-max-idle-timeout 0s", code: 2, want: `invalid value "0s" for flag -max-idle-timeout: use a time from 1ms to 87600h, which is ten years`},
		{args: "-heartbeat-check-interval 1ns", code: 2, want: `invalid value "1ns" for flag -heartbeat-check-interval: use a time from 1ms`},
		{args: "-max-incoming-streams 3", code: 2, want: `invalid value "3" for flag -max-incoming-streams: use a number from 16 to 2147483647`},
		{args: "-max-payload 65MiB", code: 2, want: `invalid value "65MiB" for flag -max-payload: use a size from 1 byte to 64MiB`},
		{args: "-max-payload 0", code: 2, want: `invalid value "0" for flag -max-payload: use a size from 1 byte to 64MiB`},
		{args: "-reconnect-window -1s", code: 2, want: `invalid value "-1s" for flag -reconnect-window: use a time from 1ms to 87600h, which is ten years`},
		{args: "-log-level loud", code: 2, want: `invalid value "loud" for flag -log-level: use debug, info, warn or error`},
		{args: "-log-format xml", code: 2, want: `invalid value "xml" for flag -log-format: use text or json`},
		{args: "-otlp-endpoint localhost:4318", code: 2, want: `invalid value "localhost:4318" for flag -otlp-endpoint: write the URL of an OTLP/HTTP receiver, such as http://localhost:4318`},
		{args: "-handler nosuchprogram", code: 2, want: `handler program "nosuchprogram" cannot be run`},
		{args: "-webhook http://localhost -handler cat", code: 2, want: `both -handler and -webhook are set, and a message goes to one of them: leave one out`},
		{args: "-webhook localhost:8000", code: 2, want: `the URL of the webhook is not one: write it like https://host/path`},
		{args: "-webhook-concurrency 0", code: 2, want: `invalid value "0" for flag -webhook-concurrency: use a number from 1 to 10000`},
		{env: "QUIC_WEBHOOK_SECRET=x", code: 2, want: `there is a secret for a webhook, and no webhook: set -webhook as well`},
		{env: "QUIC_DRAIN_TIMEOUT=soon", code: 2, want: "environment variable QUIC_DRAIN_TIMEOUT: cannot use"},
		{args: "-config nosuch.yaml", code: 2, want: "cannot read the settings: open nosuch.yaml"},
		{code: 2, want: "quic-server: bad_certificate: cannot read the certificate or its key: name other files, or make some for development with quic-ctl certs"},
		{args: "-addr 8474", code: 2, want: `invalid value "8474" for flag -addr: write host:port or :port, with a port from 0 to 65535`},
		{args: "-addr :99999", code: 2, want: `invalid value ":99999" for flag -addr: write host:port or :port, with a port from 0 to 65535`},
		{args: "-api 8475", code: 2, want: `invalid value "8475" for flag -api: write host:port or :port`},
		{env: "QUIC_ADDR=a:b:c", code: 2, want: `environment variable QUIC_ADDR: cannot use "a:b:c": write host:port`},
		{args: "-addr=", code: 2, want: `invalid value "" for flag -addr: write host:port or :port`},
		{args: "-cert c/server.crt -key c/server.key -qlog-dir c/server.crt", code: 2, want: `-qlog-dir is "c/server.crt": use a folder that the hub may write to`},
		{args: "-metrics= -api 192.0.2.1:0 -cert c/server.crt -key c/server.key", code: 1, want: `the HTTP API cannot listen on "192.0.2.1:0": give -api an address of this machine`},
	} {
		t.Run(test.args+test.env, func(t *testing.T) {
			t.Parallel()
			cmd := quicServer(t, strings.Fields(test.args)...)
			cmd.Env = append(cmd.Env, test.env)
			if _, err := certs.Create(certs.Options{Dir: filepath.Join(cmd.Dir, "c")}); err != nil {
				t.Fatal(err)
			}
			p := testprocess.Run(t, cmd)
			if code := p.Wait(); code != test.code {
				t.Errorf("exit code %d, want %d", code, test.code)
			}
			if got := p.Stderr(); strings.Count(got, "\n") != 1 || !strings.HasPrefix(got, "quic-server: ") || !strings.Contains(got, test.want) {
				t.Errorf("stderr is not one line with %q:\n%s", test.want, got)
			}
		})
	}
}

func TestAddressInUse(t *testing.T) {
	t.Parallel()
	cmd := withCerts(t, quicServer(t, "-addr", "127.0.0.1:0", "-api", "127.0.0.1:0"))
	first := testprocess.Start(t, cmd)
	hub, api := first.Addr("msg=listening"), first.Addr("HTTP API")
	for want, args := range map[string][]string{
		"another process listens on " + hub:                                                   {"-addr", hub}, // and on other ports, which do not matter then
		"another process listens on " + api + ": give the HTTP API another address with -api": {"-addr", "127.0.0.1:0", "-api", api, "-metrics="},
	} {
		second := testprocess.Run(t, withCerts(t, quicServer(t, args...)))
		if second.Wait() != 1 || !strings.HasPrefix(second.Stderr(), "quic-server: ") || !strings.Contains(second.Stderr(), want) {
			t.Errorf("exit code %d, want 1; stderr, want %q:\n%s", second.Wait(), want, second.Stderr())
		}
	}
}
