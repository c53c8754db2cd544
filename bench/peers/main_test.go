package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/voilet/QuicFlow/internal/testprocess"
)

// programEnv makes the test binary the program itself, also when it starts itself.
const programEnv = "TEST_RUNS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(programEnv) != "" {
		main()
	}
	goleak.VerifyTestMain(m)
}

// benchPeers returns a command that runs bench-peers in dir.
func benchPeers(dir string, args ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), programEnv+"=1", "GORACE=atexit_sleep_ms=0")
	return cmd
}

// TestAll measures next to nothing of everything: each system does each of its
// works, and what came out is written.
func TestAll(t *testing.T) {
	dir := t.TempDir()
	bench := filepath.Join(dir, "quic-bench")
	if err := testprocess.Build("../..", bench, "./cmd/bench"); err != nil { // of our own module
		t.Fatal(err)
	}
	document := filepath.Join(dir, "performance.md")
	if err := os.WriteFile(document, []byte(emptyDocument()), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := benchPeers(dir, "compare", "-quick", "-bench", bench, "-results", "results.json", "-document", document, "-chart", "chart.svg")
	p := testprocess.Start(t, cmd)
	for _, row := range rows() {
		for _, system := range row.systems {
			p.Await(row.key + strings.Repeat(" ", 16-len(row.key)) + system)
		}
	}
	if code := p.Wait(); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows() {
		if !strings.Contains(string(text), "| "+row.title+" | **") {
			t.Errorf("the document says nothing of %q", row.title)
		}
	}
	if strings.Contains(string(text), "failed") || strings.Contains(string(text), "not measured") {
		t.Errorf("something failed:\n%s", text)
	}
}

func emptyDocument() string {
	var b strings.Builder
	for _, name := range []string{"figures", "goals", "costs", "machine"} {
		b.WriteString("<!-- measured " + name + ": written by \"make bench-peers\" -->\nold\n<!-- end of " + name + " -->\n")
	}
	return b.String()
}

func TestMistakes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ args, want string }{
		{"run -system pigeon", `no system "pigeon": use one of bare, grpc-stream, grpc-unary, nats, mqtt`},
		{"run -system mqtt -work down", "mqtt is not measured with -work down"},
		{"run -system nats -size 1", "payloads of 1 bytes"},
		{"compare -rows nosuch", "there is nothing to measure"},
		{"compare -rows (", "missing closing )"},
		{"render -results nosuch.json -document /dev/null", `there are no lines`},
	} {
		p := testprocess.Run(t, benchPeers(t.TempDir(), strings.Fields(test.args)...))
		if code := p.Wait(); code != 2 || !strings.Contains(p.Stderr(), test.want) {
			t.Errorf("%s: exit code %d, want 2; stderr, want %q:\n%s", test.args, code, test.want, p.Stderr())
		}
	}
}
