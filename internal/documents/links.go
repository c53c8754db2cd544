package documents

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/yuin/goldmark/ast"
)

// Links returns where the links and images of d lead to, each once for each link.
func (d Document) Links() []string {
	var all []string
	walk(d, func(n ast.Node) {
		switch link := n.(type) {
		case *ast.Link:
			all = append(all, string(link.Destination))
		case *ast.Image:
			all = append(all, string(link.Destination))
		case *ast.AutoLink:
			all = append(all, string(link.URL([]byte(d.Text))))
		}
	})
	return all
}

// Anchors returns the names that GitHub gives the headings of d.
func (d Document) Anchors() []string {
	var all []string
	seen := map[string]int{}
	notInNames := regexp.MustCompile(`[^\p{L}\p{M}\p{Nd}\p{Pc}\- ]`)
	walk(d, func(heading *ast.Heading) {
		name := notInNames.ReplaceAllString(strings.ToLower(d.words(heading)), "")
		name = strings.ReplaceAll(name, " ", "-")
		if n := seen[name]; n > 0 {
			all = append(all, fmt.Sprintf("%s-%d", name, n))
		} else {
			all = append(all, name)
		}
		seen[name]++
	})
	return all
}

// words returns the text within a node, without its markup.
func (d Document) words(n ast.Node) string {
	if t, ok := n.(*ast.Text); ok {
		return string(t.Value([]byte(d.Text)))
	}
	var b strings.Builder
	for child := n.FirstChild(); child != nil; child = child.NextSibling() {
		b.WriteString(d.words(child))
	}
	return b.String()
}
