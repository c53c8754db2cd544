// Command reference writes the tables of the documents that come from the code,
// between lines such as these:
//
//	<!-- begin metrics: made by "make generate" -->
//	<!-- end metrics -->
//
//	go run ./internal/reference          # writes them anew
//	go run ./internal/reference -check   # fails if that would change anything
//
// Documents in docs/zh get them in Chinese, of the texts in zh.yaml: a text of the
// code that is not there is an error, so that neither language can be forgotten.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	check := flag.Bool("check", false, "change nothing, and fail if a document is not current")
	flag.Parse()
	if err := run(".", *check); err != nil {
		fmt.Fprintln(os.Stderr, "reference:", err)
		os.Exit(1)
	}
}

// run brings the documents of the repository at root up to date.
func run(root string, check bool) error {
	english := newReference(root, nil)
	chinese, err := readLanguage(filepath.Join(root, "internal", "reference", "zh.yaml"))
	if err != nil {
		return err
	}
	return errors.Join(
		updateAll(filepath.Join(root, "docs", "*.md"), english, check),
		updateAll(filepath.Join(root, "docs", "zh", "*.md"), newReference(root, chinese), check))
}

// updateAll brings the documents of one language up to date.
func updateAll(pattern string, r *reference, check bool) error {
	documents, err := filepath.Glob(pattern)
	problems := []error{err}
	for _, document := range documents {
		problems = append(problems, update(document, r, check))
	}
	return errors.Join(append(problems, r.untranslated())...)
}

// update brings one document up to date.
func update(document string, r *reference, check bool) error {
	before, err := os.ReadFile(document)
	if err != nil {
		return err
	}
	after, err := fill(string(before), r.table)
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", document, err)
	case after == string(before):
		return nil
	case check:
		return fmt.Errorf(`%s is not current: run "make generate"`, document)
	default:
		return os.WriteFile(document, []byte(after), 0o644)
	}
}
