// Package leaktest makes the tests of a package fail when they leave goroutines
// behind. Every test package of this module has
//
//	func TestMain(m *testing.M) { leaktest.Main(m) }
package leaktest

import (
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
