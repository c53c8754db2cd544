package documents

import (
	"fmt"
	"strings"

	"github.com/kballard/go-shellquote"
	"github.com/yuin/goldmark/ast"
)

// Block is a fenced block of a document.
type Block struct {
	Line     int               // where its text begins
	Language string            // empty if there is none
	Options  map[string]string // what follows the language, as key=value
	Behind   bool              // it stands right behind another block, with nothing in between
	Text     string
}

// Blocks returns the fenced blocks of d. It fails if what follows a language is not
// as it should be.
func (d Document) Blocks() ([]Block, error) {
	var found []Block
	var problem error
	walk(d, func(node *ast.FencedCodeBlock) {
		b, err := d.block(node)
		if err != nil && problem == nil {
			problem = fmt.Errorf("%s:%d: %w", d.Path, b.Line-1, err)
		}
		found = append(found, b)
	})
	return found, problem
}

func (d Document) block(node *ast.FencedCodeBlock) (Block, error) {
	b := Block{Options: map[string]string{}}
	_, b.Behind = node.PreviousSibling().(*ast.FencedCodeBlock)
	for i := range node.Lines().Len() {
		segment := node.Lines().At(i)
		if i == 0 {
			b.Line = d.line(segment.Start)
		}
		b.Text += string(segment.Value([]byte(d.Text)))
	}
	if node.Info == nil {
		return b, nil
	}
	info := node.Info.Segment
	b.Line = d.line(info.Start) + 1
	words, err := shellquote.Split(string(info.Value([]byte(d.Text))))
	if err != nil || len(words) == 0 {
		return b, err
	}
	b.Language = words[0]
	for _, word := range words[1:] {
		key, value, ok := strings.Cut(word, "=")
		if !ok || value == "" {
			return b, fmt.Errorf("%q behind the language is not key=value", word)
		}
		b.Options[key] = value
	}
	return b, nil
}
