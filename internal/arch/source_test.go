package arch

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// pkg is a folder with Go files, for all systems and build tags.
type pkg struct {
	path  string // below the module's root
	files []file
}

type file struct {
	*ast.File
	test      bool
	generated bool
}

// written returns the files that people wrote and that go into programs.
func (p pkg) written() []file {
	return slices.DeleteFunc(slices.Clone(p.files), func(f file) bool { return f.test || f.generated })
}

// imports returns what the package imports outside its tests.
func (p pkg) imports() []string {
	var all []string
	for _, f := range p.files {
		if !f.test {
			all = append(all, f.imports()...)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func (f file) imports() []string {
	var all []string
	for _, spec := range f.Imports {
		all = append(all, importPath(spec))
	}
	return all
}

// importPath returns what spec imports, without quotes.
func importPath(spec *ast.ImportSpec) string {
	unquoted, err := strconv.Unquote(spec.Path.Value)
	if err != nil {
		panic("the parser let an import path through that is no string: " + err.Error())
	}
	return unquoted
}

// localName returns what its file calls the package that spec imports.
func localName(spec *ast.ImportSpec) string {
	if spec.Name != nil {
		return spec.Name.Name
	}
	return path.Base(importPath(spec))
}

// localName returns what f calls a package, or nothing if f does not import it.
func (f file) localName(imported string) string {
	for _, spec := range f.Imports {
		if importPath(spec) == imported {
			return localName(spec)
		}
	}
	return ""
}

// parse adds a file to the package.
func (p *pkg) parse(t *testing.T, name string, source []byte) {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), path.Join(p.path, name), source, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	p.files = append(p.files, file{
		File:      parsed,
		test:      strings.HasSuffix(name, "_test.go"),
		generated: ast.IsGenerated(parsed),
	})
}

// readModule parses all packages of the module. It reads the files itself, rather
// than ask the go command, so that "go test" sees which files the result depends
// on and does not take an old one from its cache.
func readModule(t *testing.T) []pkg {
	t.Helper()
	root := filepath.Join("..", "..")
	packages := map[string]*pkg{}
	var order []string
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if base := entry.Name(); base == "testdata" || name != root && (strings.HasPrefix(base, ".") || isModule(name)) {
				return fs.SkipDir
			}
			return nil
		}
		if filepath.Ext(name) != ".go" {
			return nil
		}
		source, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		dir, err := filepath.Rel(root, filepath.Dir(name))
		if err != nil {
			return err
		}
		dir = filepath.ToSlash(dir)
		if packages[dir] == nil {
			packages[dir] = &pkg{path: dir}
			order = append(order, dir)
		}
		packages[dir].parse(t, entry.Name(), source)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var all []pkg
	for _, dir := range order {
		all = append(all, *packages[dir])
	}
	return all
}

// isModule reports whether a folder has a module of its own, which has its own
// structure.
func isModule(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "go.mod"))
	return err == nil
}
