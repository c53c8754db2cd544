package readme

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestNamedTests: the tests exist that documents name as proof.
func TestNamedTests(t *testing.T) {
	exists := tests(t)
	named := 0
	for _, d := range read(t) {
		for _, match := range regexp.MustCompile("`((?:Test|Benchmark|Fuzz)[A-Z]\\w*)`").FindAllStringSubmatch(d.Text, -1) {
			named++
			if !exists[match[1]] {
				t.Errorf("%s names %s, which is not there", d.Path, match[1])
			}
		}
	}
	if named < 30 {
		t.Errorf("documents name %d tests", named)
	}
	if exists["TestOfTea"] || !exists["TestNamedTests"] {
		t.Error("this check finds nothing")
	}
}

// tests returns the names of all tests of the module.
func tests(t *testing.T) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	declaration := regexp.MustCompile(`(?m)^func (\w+)\(`)
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		for _, match := range declaration.FindAllSubmatch(source, -1) {
			found[string(match[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
