package readme

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/kballard/go-shellquote"
)

// lines returns the command lines of a block. A backslash and an open quote
// continue one; a comment ends it.
func lines(text string) []string {
	var found []string
	line := ""
	for part := range strings.Lines(text) {
		part = regexp.MustCompile(`(^|\s)#.*`).ReplaceAllString(strings.TrimRight(part, "\n"), "")
		line += part
		if rest, continued := strings.CutSuffix(line, `\`); continued {
			line = rest + " "
			continue
		}
		if _, err := shellquote.Split(line); err != nil {
			line += "\n"
			continue
		}
		if line = strings.TrimSpace(line); line != "" {
			found = append(found, line)
		}
		line = ""
	}
	if line != "" {
		found = append(found, line)
	}
	return found
}

func TestLines(t *testing.T) {
	got := lines("make # all\n\n# nothing\ncurl a \\\n  -d 'b\nc'\n")
	if want := []string{"make", "curl a    -d 'b\nc'"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestCommands checks the commands in documents that no test can run.
func TestCommands(t *testing.T) {
	r := newRepository(t)
	t.Run("checks", func(t *testing.T) { testChecks(t, r) })
	for _, b := range blocks(t, "sh") {
		for _, line := range lines(b.Text) {
			if err := r.check(line); err != nil {
				t.Errorf("%s, the block at line %d: %s: %v", b.file, b.Line, line, err)
			}
		}
	}
}

// testChecks shows that r lets right commands pass and finds wrong ones.
func testChecks(t *testing.T, r *repository) {
	for _, test := range []struct{ line, want string }{
		{"make build test", ""},
		{"make bench COUNT=3 > new.txt", ""},
		{"make coffee", `no target "coffee"`},
		{"./scripts/lint.sh", ""},
		{"./scripts/brew.sh", "no such file"},
		{"./scripts/gen-certs.sh -host a.example", ""},
		{"./scripts/gen-certs.sh -milk", "no flag -milk"},
		{"./bin/quic-server -addr :9090 -api= &", ""},
		{"QUIC_LOG_LEVEL=debug ./bin/quic-server --cert a", ""},
		{"./bin/quic-server -port 9090", "no flag -port"},
		{"printf x | ./bin/quic-client -id a -send - 2>log && sudo systemctl stop a", ""},
		{"printf x | ./bin/quic-client -name a", "no flag -name"},
		{"./bin/quic-ctl certs -dir a", ""},
		{"./bin/quic-kettle", "cmd/kettle"},
		{"./bin/monitoring-server -metrics :9091 -load", ""},
		{"./bin/monitoring-server -api :9091", "no flag -api"},
		{"go run ./examples/echo/client -text hello", ""},
		{"go run ./examples/echo/client -volume 3", "no flag -volume"},
		{"go run ./examples/tea/server", "examples/tea/server"},
		{"go mod download", ""},
		{"brew tea", `nothing is known about "brew"`},
	} {
		err := r.check(test.line)
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want %q", test.line, err, test.want)
		}
	}
}
