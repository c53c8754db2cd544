//go:build !unix

package execute

import (
	"os"
	"os/exec"
)

// lead leaves cmd as it is: process groups are not known here.
func lead(*exec.Cmd) {}

// killWithChildren kills p alone.
func killWithChildren(p *os.Process) {
	_ = p.Kill() // fails when it has ended
}
