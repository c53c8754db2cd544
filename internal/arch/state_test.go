package arch

import (
	"fmt"
	"go/ast"
	"go/token"
	"slices"
	"strings"
)

// checkInit returns a problem for each init function of p.
func checkInit(p pkg) []string {
	var problems []string
	for _, f := range p.written() {
		for _, declaration := range f.Decls {
			if function, ok := declaration.(*ast.FuncDecl); ok && function.Recv == nil && function.Name.Name == "init" {
				problems = append(problems, p.path+" has an init function: do the work where its result is used")
			}
		}
	}
	return problems
}

// checkVariables returns a problem for each package variable of p that may change.
func checkVariables(p pkg) []string {
	var problems []string
	for _, f := range p.written() {
		for _, declaration := range f.Decls {
			group, ok := declaration.(*ast.GenDecl)
			if !ok || group.Tok != token.VAR {
				continue
			}
			for _, spec := range group.Specs {
				for _, name := range spec.(*ast.ValueSpec).Names {
					if !mayBeVariable(p.path, f.Name.Name, name.Name) {
						problems = append(problems, fmt.Sprintf(
							"%s.%s is a package variable: put it into a struct, or, if it never changes, into variables in %s with the reason",
							p.path, name.Name, rulesFile))
					}
				}
			}
		}
	}
	return problems
}

func mayBeVariable(folder, pkgName, name string) bool {
	_, listed := variables[folder+"."+name]
	return listed || name == "_" ||
		folder == "pkg/errors" && strings.HasPrefix(name, "Err") ||
		within(folder, "cmd/...") && pkgName == "main" && name == "version"
}

// checkGlobals returns a problem for each use that p makes of state that the whole
// process shares.
func checkGlobals(p pkg) []string {
	var problems []string
	for _, f := range p.written() {
		suspects := map[string]string{} // local name to import path
		for _, spec := range f.Imports {
			imported := importPath(spec)
			names, listed := globals[imported]
			switch {
			case listed && names == nil:
				problems = append(problems, fmt.Sprintf("%s imports %s, which works on state of the whole process", p.path, imported))
			case listed:
				suspects[localName(spec)] = imported
			}
		}
		ast.Inspect(f.File, func(node ast.Node) bool {
			selector, ok := node.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			left, ok := selector.X.(*ast.Ident)
			if ok && slices.Contains(globals[suspects[left.Name]], selector.Sel.Name) {
				problems = append(problems, fmt.Sprintf("%s uses %s.%s, state of the whole process: make one of its own and pass it on",
					p.path, suspects[left.Name], selector.Sel.Name))
			}
			return true
		})
	}
	return problems
}
