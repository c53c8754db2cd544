package main

import (
	"crypto/tls"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/kballard/go-shellquote"

	"github.com/voilet/QuicFlow/internal/golden"
	"github.com/voilet/QuicFlow/internal/leaktest"
)

// programEnv makes the test binary the program itself.
const programEnv = "TEST_RUNS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(programEnv) != "" {
		main()
	}
	leaktest.Main(m)
}

// quicCtl returns a command that runs quic-ctl in the folder dir and a clean
// environment.
func quicCtl(t *testing.T, dir string, env []string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
	cmd.Dir = dir
	cmd.Env = append(env, programEnv+"=1", "GOCOVERDIR="+os.Getenv("GOCOVERDIR"),
		"GORACE=atexit_sleep_ms=0") // the race detector waits for a second by default
	return cmd
}

// run runs quic-ctl in the folder dir and a clean environment, and returns what
// it printed and its exit code.
func run(t *testing.T, dir string, env []string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs strings.Builder
	cmd := quicCtl(t, dir, env, args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

const policyFile = `groups:
  sensors: [sensor-*, probe-7]
rules:
  - name: sensors
    groups: [sensors]
    send:
      - types: [event]
        max-payload: 64KiB
        rate: 10
    receive: [command]
  - clients: [admin-*]
    send:
      - types: ["*"]
        to: [sensor-*]
`

// TestGolden compares what each command line prints and its exit code with a file
// in testdata. UPDATE_GOLDEN=1 writes the files anew: read the difference.
func TestGolden(t *testing.T) {
	for _, test := range []struct{ name, line string }{
		{"none", "quic-ctl"},
		{"help", "quic-ctl -h"},
		{"help-command", "quic-ctl help"},
		{"help-unknown", "quic-ctl help nosuch"},
		{"unknown-command", "quic-ctl cert"},
		{"unknown-flag", "quic-ctl -nosuch"},
		{"version", "quic-ctl version"},
		{"version-flag", "quic-ctl -version"},
		{"version-argument", "quic-ctl version x"},
		{"completion", "quic-ctl completion"},
		{"unknown-flag-afar", "quic-ctl list -zzzz"},
		{"unknown-command-afar", "quic-ctl frobnicate"},
		{"completion-flags-double-dash", "quic-ctl send --cl --generate-shell-completion"},
		{"watch-bad-types", "quic-ctl watch -types connect,foo"},
		{"completion-flags", "quic-ctl certs -d --generate-shell-completion"},
		{"policy-help", "quic-ctl policy check -h"},
		{"policy-check", "quic-ctl policy check policy.yaml"},
		{"policy-client", "quic-ctl policy check policy.yaml -client sensor-7"},
		{"policy-type", "quic-ctl policy check -client admin-1 -type event policy.yaml"},
		{"policy-nobody", "quic-ctl policy check -client nobody -type command policy.yaml"},
		{"policy-broken", "quic-ctl policy check ctl.yaml"},
		{"policy-nosuch", "quic-ctl policy check nosuch.yaml"},
		{"policy-no-file", "quic-ctl policy check"},
		{"policy-no-client", "quic-ctl policy check policy.yaml -type event"},
		{"policy-bad-type", "quic-ctl policy check policy.yaml -client a -type commands"},
		{"certs-help", "quic-ctl certs -h"},
		{"certs", "quic-ctl certs"},
		{"certs-flags", "quic-ctl certs -dir new -host a.example,b.example -host 192.0.2.7 -client-id truck-7 -days 1"},
		{"certs-double-dash", "quic-ctl certs --dir=new --days=825"},
		{"certs-environment", "QUIC_CERTS_DIR=new QUIC_CERTS_HOST=a.example,b.example QUIC_CERTS_CLIENT_ID=truck-7 quic-ctl certs"},
		{"certs-file", "quic-ctl certs -config ctl.yaml"},
		{"certs-file-variable", "QUIC_CTL_CONFIG=ctl.yaml quic-ctl certs -days 1"},
		{"certs-other-variables", "QUIC_CONFIG=hub.yaml QUIC_DIR=made QUIC_HOST=hub:8474 quic-ctl certs"},
		{"certs-exists", "quic-ctl certs -dir made"},
		{"certs-exists-keep-ca", "quic-ctl certs -dir made -keep-ca"},
		{"certs-force", "quic-ctl certs -dir made -force"},
		{"certs-force-variable", "QUIC_FORCE=true quic-ctl certs -dir made"},
		{"certs-force-keep-ca", "quic-ctl certs -dir made -force -keep-ca"},
		{"certs-new-key", "quic-ctl certs -dir made -force -keep-ca -new-key -host hub.example.com"},
		{"certs-no-ca", "quic-ctl certs -dir new -keep-ca"},
		{"certs-bad-host", "quic-ctl certs -host hub:8474"},
		{"certs-no-host", "quic-ctl certs -host="},
		{"certs-bad-client-id", "quic-ctl certs -client-id " + strings.Repeat("x", 129)},
		{"certs-bad-days", "quic-ctl certs -days 826"},
		{"certs-no-days", "QUIC_CERTS_DAYS=0 quic-ctl certs"},
		{"certs-bad-flag", "quic-ctl certs -hots hub"},
		{"certs-no-value", "quic-ctl certs -host"},
		{"certs-argument", "quic-ctl certs x"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if _, stderr, code := run(t, dir, nil, "certs", "-dir", "made"); code != 0 {
				t.Fatalf("make the certificates that exist: exit code %d: %s", code, stderr)
			}
			file := "certs-dir: new\ncerts-host: [a.example, 192.0.2.7]\ncerts-days: 825\n"
			if err := os.WriteFile(filepath.Join(dir, "ctl.yaml"), []byte(file), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, "policy.yaml"), []byte(policyFile), 0o600); err != nil {
				t.Fatal(err)
			}
			compare(t, dir, test.name, test.line)
		})
	}
}

// compare runs a command line, which may begin with variables, and compares what it
// prints and its exit code with a golden file.
func compare(t *testing.T, dir, name, line string) { compareIn(t, dir, name, line, nil) }

// compareIn is compare with variables of the environment, and with words in the
// line that stand for addresses.
func compareIn(t *testing.T, dir, name, line string, places map[string]string, more ...string) {
	t.Helper()
	env, args, _ := strings.Cut(line, "quic-ctl")
	words, err := shellquote.Split(args)
	if err != nil {
		t.Fatal(err)
	}
	for i, word := range words {
		if place, ok := places[word]; ok {
			words[i] = place
		}
	}
	stdout, stderr, code := run(t, dir, append(strings.Fields(env), more...), words...)
	got := fmt.Sprintf("$ %s\n%s--- stderr\n%s--- exit code %d\n", line, stdout, stderr, code)
	golden.Compare(t, filepath.Join("testdata", name+".golden"), portable(got))
}

// portable replaces what differs between runs and machines.
func portable(s string) string {
	s = strings.NewReplacer(runtime.Version(), "GO", runtime.GOOS+"/"+runtime.GOARCH, "OS/ARCH").Replace(s)
	for pattern, word := range map[string]string{
		`\d{4}-\d\d-\d\d`:                                 "DATE",
		`\d\d:\d\d:\d\d`:                                  "TIME",
		`127\.0\.0\.1:\d{4,}`:                             "ADDRESS",
		`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`:       "MESSAGE-ID",
		`("(connected_at|last_heartbeat|uptime)": )[^,]*`: "${1}…",
	} {
		s = regexp.MustCompile(pattern).ReplaceAllString(s, word)
	}
	return s
}

func TestCertsWritesWhatTheFlagsSay(t *testing.T) {
	dir := t.TempDir()
	args := []string{"certs", "-dir", ".", "-host", "a.example, b.example", "-host", "192.0.2.7", "-client-id", "truck-7", "-days", "3"}
	if _, stderr, code := run(t, dir, nil, args...); code != 0 {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	server, err := tls.LoadX509KeyPair(dir+"/server.crt", dir+"/server.key")
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{"localhost", "a.example", "b.example", "192.0.2.7"} {
		if err := server.Leaf.VerifyHostname(host); err != nil {
			t.Error(err)
		}
	}
	if got := server.Leaf.NotAfter.Sub(server.Leaf.NotBefore); got != 3*day {
		t.Errorf("the server's certificate is valid for %v, want 3 days", got)
	}
	client, err := tls.LoadX509KeyPair(dir+"/client.crt", dir+"/client.key")
	if err != nil {
		t.Fatal(err)
	}
	if got := client.Leaf.URIs[0].String(); got != "quic-backbone:truck-7" {
		t.Errorf("the client's certificate is for %s", got)
	}
}
