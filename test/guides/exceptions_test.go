package guides

import (
	"slices"
	"strings"
	"testing"

	"github.com/voilet/QuicFlow/internal/documents"
)

// notRun has how commands begin that stand in documents and are not run, each with the
// reason. Package readme checks that they exist.
var notRun = map[string]string{
	"./bin/quic-ctl top":   "it needs a terminal; package cmd/ctl has one",
	"./bin/quic-ctl watch": "it prints nothing until something happens; package cmd/ctl makes it happen",
	"GOOS=":                "it makes programs for another machine",
	"docker":               "there are no containers in a test",
	"journalctl":           "there is no systemd in a test",
	"make bench":           "it takes minutes",
	"make demo":            "it takes half a minute; package integration runs it",
	"make test":            "this is it",
	"printf 'net.core":     "it changes the machine",
	"sudo":                 "it changes the machine",
}

// languages has those of the blocks, each with what holds them to what they say.
var languages = map[string]string{
	"":       "pictures, and excerpts that no command prints again",
	"bash":   "run here",
	"sh":     "not run; that commands and flags exist says package readme",
	"text":   "compared here with what is printed",
	"json":   "compared here with what is printed, or else valid, as package readme says",
	"yaml":   "written to a file here, for the commands below",
	"python": "written to a file here, for the commands below",
	"go":     "compiled by package readme",
	"ini":    "a drop-in for systemd",
	"promql": "queries; that their metrics exist says package integration",
}

// TestExceptions: what is not run has a reason, and no reason is for nothing.
func TestExceptions(t *testing.T) {
	unused := map[string]bool{}
	for prefix := range notRun {
		unused[prefix] = true
	}
	for _, d := range read(t) {
		for _, b := range blocks(t, d) {
			if _, known := languages[b.Language]; !known {
				t.Errorf("%s:%d: nothing is known about %q: use one of languages, which says what each is for", d.Path, b.Line-1, b.Language)
			}
			if (b.Language == "yaml" || b.Language == "python") && b.Options["file"] == "" {
				t.Errorf("%s:%d: nothing reads this: name the file that commands below read, with file=NAME behind the language", d.Path, b.Line)
			}
			for _, line := range withoutReason(b, unused) {
				t.Errorf("%s:%d: why is %q not run? Make it bash, or add the reason to notRun", d.Path, b.Line, line)
			}
		}
	}
	for prefix := range unused {
		t.Errorf("%q in notRun is for nothing: remove it", prefix)
	}
}

// withoutReason returns the commands of b, if it is not run, for which notRun has no
// reason, and takes those that are used out of unused.
func withoutReason(b documents.Block, unused map[string]bool) []string {
	var found []string
	continued := false
	for line := range strings.Lines(b.Text) {
		line = strings.TrimSpace(line)
		inside := continued
		continued = strings.HasSuffix(line, `\`)
		if b.Language != "sh" || inside || line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		reason := false
		for prefix := range notRun {
			if strings.HasPrefix(line, prefix) {
				reason = true
				delete(unused, prefix)
			}
		}
		if !reason {
			found = append(found, line)
		}
	}
	return found
}

func TestWithoutReason(t *testing.T) {
	for _, test := range []struct {
		language, text string
		want           []string
	}{
		{"sh", "sudo make install\n\n# a comment\nsudo a \\\n  b\n", nil},
		{"sh", "sudo a\nmake build\n", []string{"make build"}},
		{"bash", "make build\n", nil},
	} {
		if got := withoutReason(documents.Block{Language: test.language, Text: test.text}, map[string]bool{}); !slices.Equal(got, test.want) {
			t.Errorf("%q: got %q, want %q", test.text, got, test.want)
		}
	}
}
