// Package readme holds the documents to what they say: Go code in them compiles,
// commands in them exist. So do the fragments in testdata, which users of the
// library were promised.
package readme

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/voilet/QuicFlow/internal/leaktest"

	// What the documents are checked against is asked of the go command; through
	// these imports "go test" knows that the result depends on it.
	_ "github.com/voilet/QuicFlow/internal/program"
	_ "github.com/voilet/QuicFlow/pkg/transport/client"
	_ "github.com/voilet/QuicFlow/pkg/transport/server"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

const root = "../.."

// block is a fenced block of a document.
type block struct {
	file     string
	line     int // where its text begins
	language string
	text     string
}

// documents returns the blocks of all documents in one language.
func documents(t *testing.T, language string) []block {
	t.Helper()
	var found []block
	for _, pattern := range []string{"*.md", "docs/*.md"} {
		files, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, b := range blocks(filepath.Base(file), string(text)) {
				if b.language == language {
					found = append(found, b)
				}
			}
		}
	}
	return found
}

// blocks returns the fenced blocks of a text.
func blocks(file, text string) []block {
	var (
		found   []block
		current *block
		number  int
	)
	for line := range strings.Lines(text) {
		number++
		language, fence := strings.CutPrefix(strings.TrimSpace(line), "```")
		switch {
		case fence && current == nil:
			current = &block{file: file, line: number + 1, language: language}
		case fence:
			found, current = append(found, *current), nil
		case current != nil:
			current.text += line
		}
	}
	return found
}

func TestBlocks(t *testing.T) {
	got := blocks("a.md", "text\n```go\nx := 1\n\ny := 2\n```\n\n```\npicture\n```\n```bash\nmake\n```\n")
	want := []block{{"a.md", 3, "go", "x := 1\n\ny := 2\n"}, {"a.md", 9, "", "picture\n"}, {"a.md", 12, "bash", "make\n"}}
	if len(got) != len(want) {
		t.Fatalf("found %v", got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("block %d is %v, want %v", i, got[i], want[i])
		}
	}
}
