package integration

import (
	"os"
	"strings"
	"testing"
)

func TestDemo(t *testing.T) {
	t.Parallel()
	temporary := t.TempDir()
	p := start(t, []string{"TMPDIR=" + temporary, "QUIC_ID=misleading", "QUIC_LOG_FORMAT=json"}, "demo", built.bin)
	t.Cleanup(func() { p.Stop() }) // before it is killed: it has processes of its own
	if code := p.Wait(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if out := p.Stdout(); !strings.Contains(out, "client-003 is back") || strings.Contains(out, "\x1b") {
		t.Errorf("no client is back, or there are colours, in %q", out)
	}
	left, err := os.ReadDir(temporary)
	if err != nil || len(left) > 0 {
		t.Errorf("it left %v behind, %v", left, err)
	}
}

func TestDemoExplainsItself(t *testing.T) {
	t.Parallel()
	p := run(t, "demo", t.TempDir())
	if code := p.Wait(); code != 1 || !strings.Contains(p.Stdout(), "make build") {
		t.Errorf("without programs it exited with %d and said %s", code, p.Stdout())
	}
}
