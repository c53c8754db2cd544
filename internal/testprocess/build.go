package testprocess

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime/debug"
)

// Build is "go build -o output pkg" in the folder root of a module. The program has the race
// detector if the tests have it.
func Build(root, output, pkg string) error {
	if !filepath.IsAbs(output) {
		return fmt.Errorf("%q is not an absolute path", output)
	}
	args := []string{"build"}
	if Racing() {
		args = append(args, "-race")
	}
	cmd := exec.Command("go", append(args, "-o", output, pkg)...)
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building %s: %w\n%s", pkg, err, out)
	}
	return nil
}

// Racing reports whether the tests have the race detector.
func Racing() bool {
	info, _ := debug.ReadBuildInfo()
	for _, setting := range info.Settings {
		if setting.Key == "-race" {
			return setting.Value == "true"
		}
	}
	return false
}
