package documents_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/voilet/QuicFlow/internal/documents"
	"github.com/voilet/QuicFlow/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

func TestRead(t *testing.T) {
	root := t.TempDir()
	for _, path := range []string{"a.md", "docs/zh/b.md", "docs/c.txt", ".git/d.md", "x/testdata/e.md"} {
		path = filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("text"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := documents.Read(root)
	if err != nil {
		t.Fatal(err)
	}
	want := []documents.Document{{Path: "a.md", Text: "text"}, {Path: "docs/zh/b.md", Text: "text"}}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
	if _, err := documents.Read(filepath.Join(root, "nothing")); err == nil {
		t.Error("no error for a folder that is not there")
	}
}

func TestBlocks(t *testing.T) {
	d := documents.Document{Path: "a.md", Text: "text\n```go\nx := 1\n\ny := 2\n```\n\n" +
		"```\npicture\n```\nwords\n\n```bash ready=\"it is up\" file=a.sh\nmake\n```\n\n" +
		"- in a list\n\n  ```text\n  done\n  ```\n\n```bash\n```\n"}
	got, err := d.Blocks()
	if err != nil {
		t.Fatal(err)
	}
	none := map[string]string{}
	want := []documents.Block{
		{Line: 3, Language: "go", Options: none, Text: "x := 1\n\ny := 2\n"},
		{Line: 9, Options: none, Behind: true, Text: "picture\n"},
		{Line: 14, Language: "bash", Options: map[string]string{"ready": "it is up", "file": "a.sh"}, Text: "make\n"},
		{Line: 20, Language: "text", Options: none, Text: "done\n"},
		{Line: 24, Language: "bash", Options: none},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for _, info := range []string{"bash background", "bash ready=", `bash ready="x`} {
		d := documents.Document{Path: "a.md", Text: "\n```" + info + "\nmake\n```\n"}
		if _, err := d.Blocks(); err == nil || !strings.HasPrefix(err.Error(), "a.md:2: ") {
			t.Errorf("%s: error %v", info, err)
		}
	}
}

func TestLinks(t *testing.T) {
	d := documents.Document{Text: "[a](b.md#c) ![d](e.png) <https://f.example> https://g.example [h][i] `[j](k)`\n\n" +
		"```\n[l](m)\n```\n\n| [n](o) |\n|---|\n\n[i]: p.md\n"}
	want := []string{"b.md#c", "e.png", "https://f.example", "https://g.example", "p.md", "o"}
	if got := d.Links(); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestAnchors(t *testing.T) {
	d := documents.Document{Text: "# What it *costs*, in `bytes`\n## Errors\n### Errors\n## 快速参考:命令 (CLI)\n## a_b - c\n\n```\n# none\n```\n"}
	want := []string{"what-it-costs-in-bytes", "errors", "errors-1", "快速参考命令-cli", "a_b---c"}
	if got := d.Anchors(); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
