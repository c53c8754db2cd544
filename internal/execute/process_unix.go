//go:build unix

package execute

import (
	"os"
	"os/exec"
	"syscall"
)

// lead gives cmd a process group of its own. That also keeps an interrupt of the
// terminal from it, so that this process can let it finish.
func lead(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	killWithParent(cmd.SysProcAttr)
}

// killWithChildren kills the process group that p leads. Though p may have been
// waited for, no other process gets its number while children are in the group; a
// group that is empty by then is most likely not there.
func killWithChildren(p *os.Process) {
	_ = syscall.Kill(-p.Pid, syscall.SIGKILL) // fails when all have ended
}
