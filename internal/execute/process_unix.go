//go:build unix

package execute

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
)

// killWithChildren makes the end of cmd's context kill its process group, which
// is one of its own: it also keeps an interrupt of the terminal from cmd, so that
// this process can let it finish.
func killWithChildren(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	killWithParent(cmd.SysProcAttr)
	cmd.Cancel = func() error {
		err := syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		if errors.Is(err, syscall.ESRCH) {
			return os.ErrProcessDone
		}
		return err
	}
}
