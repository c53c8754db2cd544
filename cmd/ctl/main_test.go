package main

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/voilet/QuicFlow/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// TestGolden compares what each command line prints and its exit code with a file
// in testdata. UPDATE_GOLDEN=1 writes the files anew: read the difference.
func TestGolden(t *testing.T) {
	for _, test := range []struct{ name, args string }{
		{"none", ""},
		{"help", "-h"},
		{"help-command", "help"},
		{"help-unknown", "help nosuch"},
		{"unknown-command", "nosuch"},
		{"unknown-flag", "-nosuch"},
		{"version", "version"},
		{"version-flag", "-version"},
		{"version-argument", "version x"},
		{"certs-help", "certs -h"},
		{"certs", "certs -dir $DIR/certs"},
		{"certs-flags", "certs -dir $DIR/certs -host a.example,b.example -host 192.0.2.7 -client-id truck-7 -days 1"},
		{"certs-double-dash", "certs --dir=$DIR/certs --days=825"},
		{"certs-exists", "certs -dir $DIR/made"},
		{"certs-exists-keep-ca", "certs -dir $DIR/made -keep-ca"},
		{"certs-force", "certs -dir $DIR/made -force"},
		{"certs-force-keep-ca", "certs -dir $DIR/made -force -keep-ca"},
		{"certs-no-ca", "certs -dir $DIR/certs -keep-ca"},
		{"certs-bad-host", "certs -dir $DIR/certs -host hub:8474"},
		{"certs-bad-days", "certs -dir $DIR/certs -days 826"},
		{"certs-no-days", "certs -dir $DIR/certs -days 0"},
		{"certs-bad-flag", "certs -nosuch"},
		{"certs-no-value", "certs -host"},
		{"certs-argument", "certs x"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			if code := run(t.Context(), []string{"quic-ctl", "certs", "-dir", dir + "/made"}, &bytes.Buffer{}, &bytes.Buffer{}); code != 0 {
				t.Fatalf("make the certificates that exist: exit code %d", code)
			}
			var stdout, stderr bytes.Buffer
			args := strings.Fields("quic-ctl " + strings.ReplaceAll(test.args, "$DIR", dir))
			code := run(t.Context(), args, &stdout, &stderr)
			got := fmt.Sprintf("$ quic-ctl %s\n%s--- stderr\n%s--- exit code %d\n", test.args, &stdout, &stderr, code)
			compare(t, filepath.Join("testdata", test.name+".golden"), portable(got, dir))
		})
	}
}

// portable replaces what differs between runs and machines.
func portable(s, dir string) string {
	s = strings.NewReplacer(dir, "$DIR", runtime.Version(), "GO", runtime.GOOS+"/"+runtime.GOARCH, "OS/ARCH").Replace(s)
	return regexp.MustCompile(`\d{4}-\d\d-\d\d`).ReplaceAllString(s, "DATE")
}

func compare(t *testing.T, path, got string) {
	t.Helper()
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

func TestCertsWritesWhatTheFlagsSay(t *testing.T) {
	dir := t.TempDir()
	var stderr bytes.Buffer
	args := []string{"quic-ctl", "certs", "-dir", dir, "-host", "a.example,b.example", "-host", "192.0.2.7", "-client-id", "truck-7", "-days", "3"}
	if code := run(t.Context(), args, &bytes.Buffer{}, &stderr); code != 0 {
		t.Fatalf("exit code %d: %s", code, &stderr)
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
