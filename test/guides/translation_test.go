package guides

import (
	"fmt"
	"maps"
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
}

// TestGuidesAreComplete: all guides are there, with their commands, and, if there are any
// translations, a translation of each with the same blocks.
func TestGuidesAreComplete(t *testing.T) {
	found, translated := map[string]documents.Document{}, false
	for _, d := range read(t) {
		found[d.Path] = d
		translated = translated || strings.HasPrefix(d.Path, "docs/zh/")
	}
	for name, least := range least {
		d := found["docs/"+name]
		if n := count(blocks(t, d), "bash"); n < least {
			t.Errorf("docs/%s has %d blocks of commands, want at least %d", name, n, least)
		}
		if translated && found["docs/zh/"+name].Text == "" {
			t.Errorf("there is no docs/zh/%s", name)
		}
	}
	for path, d := range found {
		if name, ok := strings.CutPrefix(path, "docs/zh/"); ok {
			if problem := differ(blocks(t, found["docs/"+name]), blocks(t, d)); problem != "" {
				t.Errorf("docs/%s and %s: %s", name, path, problem)
			}
		}
	}
}

// differ returns where a translation has other blocks than the original. Their texts may
// differ: both are run.
func differ(original, translation []documents.Block) string {
	for i := range max(len(original), len(translation)) {
		switch {
		case i == len(original):
			return fmt.Sprintf("the block at line %d is only in the translation", translation[i].Line)
		case i == len(translation):
			return fmt.Sprintf("the block at line %d is only in the original", original[i].Line)
		case original[i].Language != translation[i].Language || !maps.Equal(original[i].Options, translation[i].Options) || original[i].Behind != translation[i].Behind:
			return fmt.Sprintf("the block at line %d and that at line %d are not the same", original[i].Line, translation[i].Line)
		}
	}
	return ""
}

func TestDiffer(t *testing.T) {
	parse := func(text string) []documents.Block {
		return blocks(t, documents.Document{Path: "a.md", Text: strings.ReplaceAll(text, "~", "```")})
	}
	const original = "words\n\n~bash ready=up\nserve\n~\n\n~text\ndone\n~\n"
	for translation, want := range map[string]string{
		"字\n\n\n\n~bash ready=up\nserve # 服务\n~\n\n~text\ndone\n~\n": "",
		"~bash ready=up\nserve\n~\n":                                 "line 8 is only in the original",
		original + "~bash\nmore\n~\n":                                "line 11 is only in the translation",
		"~bash\nserve\n~\n\n~text\ndone\n~\n":                        "line 4 and that at line 2 are not the same",
		"~bash ready=up\nserve\n~\n\n~json\ndone\n~\n":               "line 8 and that at line 6 are not the same",
		"~bash ready=up\nserve\n~\n\n字\n\n~text\ndone\n~\n":          "line 8 and that at line 8 are not the same",
	} {
		if got := differ(parse(original), parse(translation)); (got == "") != (want == "") || !strings.Contains(got, want) {
			t.Errorf("%q: got %q, want %q", translation, got, want)
		}
	}
}
