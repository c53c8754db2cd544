package readme

import (
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"maps"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// compiler type-checks Go code against this module.
type compiler struct {
	files    *token.FileSet
	importer types.Importer
}

func newCompiler(t *testing.T) *compiler {
	files := token.NewFileSet()
	return &compiler{files, importer.ForCompiler(files, "gc", func(path string) (io.ReadCloser, error) {
		cmd := exec.CommandContext(t.Context(), "go", "list", "-export", "-f", "{{.Export}}", path)
		cmd.Dir = root
		out, err := cmd.Output()
		if err != nil {
			return nil, fmt.Errorf("go list %s: %w", path, err)
		}
		return os.Open(strings.TrimSpace(string(out)))
	})}
}

// packages are the names that fragments use without importing them.
func packages() map[string]string {
	const ours = "github.com/voilet/QuicFlow/pkg/"
	return map[string]string{
		"callback": ours + "callback", "client": ours + "transport/client", "dispatcher": ours + "dispatcher",
		"monitoring": ours + "monitoring", "protocol": ours + "protocol", "qerrors": ours + "errors",
		"server": ours + "transport/server", "session": ours + "session",
		"context": "context", "errors": "errors", "fmt": "fmt", "http": "net/http", "log": "log", "net": "net",
		"os": "os", "signal": "os/signal", "slog": "log/slog", "strings": "strings", "sync": "sync",
		"syscall": "syscall", "time": "time",
	}
}

// imports returns import declarations for what code uses.
func imports(code string) string {
	known := packages()
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(known)) {
		if regexp.MustCompile(`\b` + name + `\.[A-Z]`).MatchString(code) {
			fmt.Fprintf(&b, "import %s %q\n", name, known[name])
		}
	}
	return b.String()
}

// check compiles code, for which declarations declares what it leaves undeclared,
// and returns what is wrong with it.
//
// A program or a file is taken as it is. Anything else gets its imports, and a
// function around statements; there, what is not used is not an error.
func (c *compiler) check(code, declarations string) error {
	fragment := !strings.HasPrefix(withoutComments(code), "package ")
	if fragment {
		code = wrap(code)
	}
	parsed, err := c.parse(code, "package main\n"+imports(declarations)+declarations)
	if err != nil {
		return err
	}
	var problems []error
	config := types.Config{Importer: c.importer, Error: func(err error) {
		if e, ok := err.(types.Error); !ok || !e.Soft || !fragment {
			problems = append(problems, err)
		}
	}}
	_, _ = config.Check("main", c.files, parsed, nil) // its error is the first of them
	return errors.Join(problems...)
}

func (c *compiler) parse(sources ...string) ([]*ast.File, error) {
	var parsed []*ast.File
	for _, source := range sources {
		file, err := parser.ParseFile(c.files, "snippet.go", source, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		parsed = append(parsed, file)
	}
	return parsed, nil
}

// wrap makes a file of a fragment. Line numbers stay as they are, but for those
// of the imports.
func wrap(code string) string {
	file := "package main\n" + imports(code) + code
	if _, err := parser.ParseFile(token.NewFileSet(), "", file, 0); err == nil {
		return file // declarations
	}
	return "package main\n" + imports(code) + "func _() {\n" + code + "\n}\n"
}

func withoutComments(code string) string {
	for {
		line, rest, _ := strings.Cut(code, "\n")
		if trimmed := strings.TrimSpace(line); code == "" || trimmed != "" && !strings.HasPrefix(trimmed, "//") {
			return code
		}
		code = rest
	}
}

func TestCompiler(t *testing.T) {
	c := newCompiler(t)
	for _, test := range []struct{ name, code, declarations, want string }{
		{"program", "// a.go\npackage main\n\nfunc main() {}\n", "", ""},
		{"statements", `srv, err := server.NewServer(nil)`, "", ""},
		{"declarations", "type h struct{}\nfunc (h) f() time.Duration { return 0 }\n", "", ""},
		{"declared", `srv.Wait()`, "var srv *server.Server", ""},
		{"undeclared", `srv.Wait()`, "", "undefined: srv"},
		{"no such method", `srv.Begin()`, "var srv *server.Server", "srv.Begin undefined"},
		{"no such field", `c := server.ServerConfig{Port: 1}`, "", "unknown field Port"},
		{"wrong type", `var n int = client.NewClient`, "", "cannot use client.NewClient"},
		{"program with an unused variable", "package main\n\nfunc main() { x := 1 }\n", "", "declared and not used: x"},
		{"program with an unused import", "package main\n\nimport \"os\"\n\nfunc main() {}\n", "", `"os" imported and not used`},
		{"no Go", `a bird`, "", "expected"},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := c.check(test.code, test.declarations)
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}
