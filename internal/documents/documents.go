// Package documents reads the documents of the repository, for tests that hold them
// to what they say. The text behind the language of a fenced block says what a test
// needs to know and readers do not see:
//
//	```bash                            commands, which a test runs
//	```bash ready="HTTP API listening" a program that stays: it runs on in the background
//	                                   once it has said so
//	```yaml file=hub.yaml              what the commands below find in this file
//	```text                            right behind commands: what they print
//	```sh                              commands that no test can run
package documents

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/text"
)

// Document is one Markdown file.
type Document struct {
	Path string // below the root of the repository, with slashes
	Text string
}

// Read returns all documents of the repository at root. It reads the files itself, so
// that "go test" sees which ones its result depends on.
func Read(root string) ([]Document, error) {
	var all []Document
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		if entry.IsDir() && path != root && (strings.HasPrefix(name, ".") || name == "testdata") {
			return fs.SkipDir
		}
		if filepath.Ext(name) != ".md" {
			return nil
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		below, err := filepath.Rel(root, path)
		all = append(all, Document{filepath.ToSlash(below), string(content)})
		return err
	})
	return all, err
}

// walk calls visit for each node of type T, in the order of the document.
func walk[T ast.Node](d Document, visit func(T)) {
	source := []byte(d.Text)
	tree := goldmark.New(goldmark.WithExtensions(extension.GFM)).Parser().Parse(text.NewReader(source))
	_ = ast.Walk(tree, func(n ast.Node, entering bool) (ast.WalkStatus, error) { // fails if the function does
		if node, ok := n.(T); ok && entering {
			visit(node)
		}
		return ast.WalkContinue, nil
	})
}

// line returns the number of the line at this offset of the text.
func (d Document) line(offset int) int { return 1 + strings.Count(d.Text[:offset], "\n") }
