package arch

import (
	"go/ast"
	"slices"
	"strings"
)

// checkLeaks returns a problem when p has tests and its TestMain does not look for
// leaked goroutines.
func checkLeaks(p pkg) []string {
	tests, checked := false, false
	for _, f := range p.files {
		if !f.test {
			continue
		}
		for _, declaration := range f.Decls {
			function, ok := declaration.(*ast.FuncDecl)
			switch {
			case !ok || function.Recv != nil:
			case function.Name.Name == "TestMain":
				checked = callsLeakCheck(function)
			case isTest(function.Name.Name):
				tests = true
			}
		}
	}
	if tests && !checked {
		return []string{p.path + " has tests that may leave goroutines behind unseen: add func TestMain(m *testing.M) { leaktest.Main(m) }"}
	}
	return nil
}

func isTest(name string) bool {
	return slices.ContainsFunc([]string{"Test", "Benchmark", "Fuzz", "Example"}, func(prefix string) bool {
		return strings.HasPrefix(name, prefix)
	})
}

func callsLeakCheck(function *ast.FuncDecl) (found bool) {
	ast.Inspect(function, func(node ast.Node) bool {
		if selector, ok := node.(*ast.SelectorExpr); ok {
			left, _ := selector.X.(*ast.Ident)
			if left != nil && (left.Name == "leaktest" && (selector.Sel.Name == "Main" || selector.Sel.Name == "MainIn") ||
				left.Name == "goleak" && selector.Sel.Name == "VerifyTestMain") {
				found = true
			}
		}
		return true
	})
	return found
}
