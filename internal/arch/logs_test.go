package arch

import (
	"fmt"
	"go/ast"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// messageAt says which argument of a method of slog.Logger is the message, or for
// With the first key. The functions of log/slog with these names are like them.
func messageAt(method string) (int, bool) {
	switch method {
	case "Debug", "Info", "Warn", "Error", "With":
		return 0, true
	case "DebugContext", "InfoContext", "WarnContext", "ErrorContext":
		return 1, true
	case "Log", "LogAttrs":
		return 2, true
	default:
		return 0, false
	}
}

// checkLogs returns a problem for each message of a log line in p that is not
// fixed, and for each key that is none of logKeys. The log of an example is its own.
// The check knows no types: it takes for a logger what is called so, and whatever
// has a method of this name with a text where the message would be.
func checkLogs(p pkg) []string {
	if within(p.path, "examples/...") {
		return nil
	}
	_, anyMessage := logMessages[p.path]
	var problems []string
	for _, f := range p.written() {
		l := logReader{slog: f.localName("log/slog"), called: map[ast.Node]bool{}, anyMessage: anyMessage}
		ast.Inspect(f.File, func(node ast.Node) bool {
			switch node := node.(type) {
			case *ast.CallExpr:
				l.call(node)
			case *ast.SelectorExpr:
				if _, method := messageAt(node.Sel.Name); method && !l.called[node] && l.isLogger(node.X) {
					l.problem("%s of a logger is kept as a value: call it where it is written", node.Sel.Name)
				}
			}
			return true
		})
		for _, problem := range l.problems {
			problems = append(problems, p.path+": "+problem)
		}
	}
	return problems
}

type logReader struct {
	slog     string            // what the file calls log/slog
	called   map[ast.Node]bool // the functions of the calls that were read
	problems []string

	anyMessage bool
}

func (l *logReader) problem(format string, args ...any) {
	l.problems = append(l.problems, fmt.Sprintf(format, args...))
}

func (l *logReader) call(call *ast.CallExpr) {
	method, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return
	}
	l.called[method] = true
	at, logs := messageAt(method.Sel.Name)
	switch {
	case logs && len(call.Args) > at && (l.isLogger(method.X) || isText(call.Args[at])):
		args := call.Args[at:]
		if method.Sel.Name != "With" {
			if !isText(args[0]) && !l.anyMessage {
				l.problem("the message of a log line has to be one literal, which says what happened; what differs belongs into attributes")
			}
			args = args[1:]
		}
		if call.Ellipsis != token.NoPos {
			args = args[:max(0, len(args)-1)] // made elsewhere
		}
		if method.Sel.Name != "LogAttrs" {
			l.pairs(args)
		}
	case l.isAttr(call):
		l.key(call.Args[0])
	}
}

// pairs reads keys and values in turn, and attributes among them.
func (l *logReader) pairs(args []ast.Expr) {
	for len(args) > 0 {
		if attr, ok := args[0].(*ast.CallExpr); ok && l.isAttr(attr) {
			args = args[1:]
			continue
		}
		l.key(args[0])
		args = args[min(2, len(args)):]
	}
}

func (l *logReader) key(arg ast.Expr) {
	literal, ok := arg.(*ast.BasicLit)
	if !ok {
		l.problem("the key of a log attribute is not a literal: write it where it is used")
		return
	}
	if key, err := strconv.Unquote(literal.Value); err != nil || !slices.Contains(logKeys, key) {
		l.problem("%s is not among the keys of logs: use one of logKeys in %s, or add it there and to docs/monitoring.md", literal.Value, rulesFile)
	}
}

// isAttr reports whether call makes a slog.Attr.
func (l *logReader) isAttr(call *ast.CallExpr) bool {
	function, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || !isNamed(function.X, l.slog) || len(call.Args) < 2 {
		return false
	}
	return slices.Contains([]string{
		"Any", "Bool", "Duration", "Float64", "Group", "GroupAttrs", "Int", "Int64", "String", "Time", "Uint64",
	}, function.Sel.Name)
}

func (l *logReader) isLogger(x ast.Expr) bool {
	name := ""
	switch x := x.(type) {
	case *ast.Ident:
		name = x.Name
	case *ast.SelectorExpr:
		name = x.Sel.Name
	}
	return strings.EqualFold(name, "log") || strings.EqualFold(name, "logger") || name != "" && name == l.slog
}

func isNamed(x ast.Expr, name string) bool {
	ident, ok := x.(*ast.Ident)
	return ok && ident.Name == name
}

func isText(x ast.Expr) bool {
	literal, ok := x.(*ast.BasicLit)
	return ok && literal.Kind == token.STRING
}

// TestKeysAreDocumented: an operator finds each key in docs/monitoring.md.
func TestKeysAreDocumented(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "monitoring.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range logKeys {
		if !strings.Contains(string(text), "`"+key+"`") {
			t.Errorf("docs/monitoring.md does not explain the key `%s`", key)
		}
	}
}
