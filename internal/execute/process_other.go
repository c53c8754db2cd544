//go:build !unix

package execute

import "os/exec"

// killWithChildren leaves cmd as it is: the end of its context kills its process,
// and process groups are not known here.
func killWithChildren(*exec.Cmd) {}
