// Package leaktest makes the tests of a package fail when they leave goroutines
// behind. Every test package of this module has
//
//	func TestMain(m *testing.M) { leaktest.Main(m) }
package leaktest

import (
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"
)

// Main runs the tests of m and exits the process: with their exit code or, when
// they passed but goroutines are still running shortly afterwards, with 1 and
// the stacks of those goroutines on stderr. It makes no exceptions; a package
// whose dependency leaves goroutines behind stops them in its tests.
func Main(m *testing.M) {
	goleak.VerifyTestMain(m)
}

// MainIn is Main for tests that share a folder, which prepare fills before the first of
// them, and which is removed after the last. Its name begins with prefix.
func MainIn(m *testing.M, prefix string, prepare func(dir string) error) {
	dir, err := os.MkdirTemp("", prefix)
	if err == nil {
		err = prepare(dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		_ = os.RemoveAll(dir)
		os.Exit(1)
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		_ = os.RemoveAll(dir)
		os.Exit(code)
	}))
}
