package main

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"path/filepath"
	"strings"
)

// config returns a table of the fields of a struct in pkg/transport, with what their
// comments say. A comment is also about the fields that follow it line upon line.
func (r *reference) config(folder, name string) (string, error) {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, filepath.Join(r.root, "pkg", "transport", folder, "config.go"), nil, parser.ParseComments)
	if err != nil {
		return "", err
	}
	fields, err := fieldsOf(file, name)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	out.WriteString(r.head("field", "type", "meaning"))
	for len(fields) > 0 {
		first := fields[0]
		if first.Doc == nil {
			return "", fmt.Errorf("%s has no comment", first.Names[0])
		}
		var names []string
		for end := files.Position(first.Pos()).Line; len(fields) > 0 && files.Position(fields[0].Pos()).Line == end; end++ {
			names = append(names, code(fields[0].Names[0].Name))
			fields = fields[1:]
		}
		meaning := strings.Join(strings.Fields(first.Doc.Text()), " ")
		out.WriteString(row(r.list(names), code(types.ExprString(first.Type)), r.text(meaning)))
	}
	return out.String(), nil
}

// fieldsOf returns the fields of a struct, each with one name.
func fieldsOf(file *ast.File, name string) ([]*ast.Field, error) {
	object := file.Scope.Lookup(name)
	if object == nil {
		return nil, fmt.Errorf("there is no %s", name)
	}
	spec, ok := object.Decl.(*ast.TypeSpec)
	if !ok {
		return nil, fmt.Errorf("%s is not a type", name)
	}
	structure, ok := spec.Type.(*ast.StructType)
	if !ok {
		return nil, fmt.Errorf("%s is not a struct", name)
	}
	for _, field := range structure.Fields.List {
		if len(field.Names) != 1 {
			return nil, errors.New("give each field a line")
		}
	}
	return structure.Fields.List, nil
}
