// Command reference writes the tables of the documents that come from the code,
// between lines such as these:
//
//	<!-- begin metrics: made by "make generate" -->
//	<!-- end metrics -->
//
//	go run ./internal/reference          # writes them anew
//	go run ./internal/reference -check   # fails if that would change anything
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
	documents, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil {
		return err
	}
	var problems []error
	for _, document := range documents {
		problems = append(problems, update(document, check))
	}
	return errors.Join(problems...)
}

// update brings one document up to date.
func update(document string, check bool) error {
	before, err := os.ReadFile(document)
	if err != nil {
		return err
	}
	after, err := fill(string(before), tables())
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
