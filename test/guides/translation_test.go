package guides

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/voilet/QuicFlow/internal/documents"
)

// least has the guides, and how many blocks of commands each has at least that are run.
var least = map[string]int{
	"API.md":                 1,
	"cli-guide.md":           9,
	"configuration-guide.md": 5,
	"deployment.md":          5,
	"http-api.md":            13,
	"network-reliability.md": 5,
	"quick-reference.md":     8,
	"security.md":            1,
}

// TestGuidesAreComplete: all guides are there, with their commands.
func TestGuidesAreComplete(t *testing.T) {
	found := byPath(t)
	for name, least := range least {
		if n := count(blocks(t, found["docs/"+name]), "bash"); n < least {
			t.Errorf("docs/%s has %d blocks of commands, want at least %d", name, n, least)
		}
	}
}

// TestTranslations: each guide, and nothing else, is there in Chinese. The two lead to
// each other, and have the same blocks and generated tables.
func TestTranslations(t *testing.T) {
	found := byPath(t)
	for path := range found {
		if name, ok := strings.CutPrefix(path, "docs/zh/"); ok && least[name] == 0 {
			t.Errorf("%s is a translation of a guide that is not in least", path)
		}
	}
	for name := range least {
		original, translation := found["docs/"+name], found["docs/zh/"+name]
		if translation.Text == "" {
			t.Errorf("there is no docs/zh/%s", name)
			continue
		}
		if !slices.Contains(original.Links(), "zh/"+name) || !slices.Contains(translation.Links(), "../"+name) {
			t.Errorf("docs/%s and %s do not link to each other", name, translation.Path)
		}
		if problem := differ(fixed(original), fixed(translation)); problem != "" {
			t.Errorf("docs/%s and %s: %s", name, translation.Path, problem)
		}
	}
}

func byPath(t *testing.T) map[string]documents.Document {
	t.Helper()
	found := map[string]documents.Document{}
	for _, d := range read(t) {
		found[d.Path] = d
	}
	return found
}

// fixed returns what a guide has in every language, in its order: fenced blocks, whole,
// and the marks of generated tables.
func fixed(d documents.Document) []string {
	return regexp.MustCompile("(?ms)^```.*?^```$|^<!-- begin [a-z-]+: .*?-->$").FindAllString(d.Text, -1)
}

// differ returns where a translation first differs in that from the original.
func differ(original, translation []string) string {
	for i := range max(len(original), len(translation)) {
		switch {
		case i == len(original):
			return fmt.Sprintf("only the translation has\n%s", translation[i])
		case i == len(translation):
			return fmt.Sprintf("only the original has\n%s", original[i])
		case original[i] != translation[i]:
			return fmt.Sprintf("the original has\n%s\nwhere the translation has\n%s", original[i], translation[i])
		}
	}
	return ""
}

func TestDiffer(t *testing.T) {
	const original = "words\n\n~bash ready=up\nserve\n\n~\n\n<!-- begin a: x -->\n\n| a |\n\n<!-- end a -->\n\n~go\nx := 1\n~\n"
	for _, test := range []struct{ old, new, want string }{
		{"words", "字", ""},
		{"| a |", "| 甲 |", ""},
		{"serve", "stop", "the translation has\n```bash ready=up\nstop"},
		{" ready=up", "", "the translation has\n```bash\n"},
		{"begin a", "begin b", "the translation has\n<!-- begin b"},
		{"\n~go\nx := 1\n~\n", "", "only the original has\n```go"},
		{"1\n~\n", "1\n~\n\n~\nmore\n~\n", "only the translation has\n```\nmore"},
	} {
		both := func(text string) []string {
			return fixed(documents.Document{Text: strings.ReplaceAll(text, "~", "```")})
		}
		got := differ(both(original), both(strings.Replace(original, test.old, test.new, 1)))
		if (got == "") != (test.want == "") || !strings.Contains(got, test.want) {
			t.Errorf("%q in place of %q: got %q, want %q", test.new, test.old, got, test.want)
		}
	}
}
