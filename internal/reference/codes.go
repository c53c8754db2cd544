package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// codes returns a table of the error codes, with what their comments say.
func (r *reference) codes() (string, error) {
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(r.root, "pkg", "errors", "code.go"), nil, parser.ParseComments)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	out.WriteString(r.head("code", "number", "meaning"))
	for _, declaration := range file.Decls {
		group, ok := declaration.(*ast.GenDecl)
		if !ok || group.Tok != token.CONST {
			continue
		}
		for _, spec := range group.Specs {
			value := spec.(*ast.ValueSpec)
			if kind, ok := value.Type.(*ast.Ident); !ok || kind.Name != "Code" {
				continue
			}
			number, err := strconv.ParseUint(value.Values[0].(*ast.BasicLit).Value, 0, 32)
			if err != nil {
				return "", err
			}
			meaning := strings.TrimSpace(value.Comment.Text())
			out.WriteString(row(code(qerrors.Code(number).String()), fmt.Sprintf("0x%02x", number), r.text(meaning)))
		}
	}
	return out.String(), nil
}
