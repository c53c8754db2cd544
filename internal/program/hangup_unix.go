//go:build unix

package program

import (
	"os"

	"golang.org/x/sys/unix"
)

// controls reports whether file is the terminal that controls this process, and is still
// there: only that one sends a SIGHUP when it is closed. What setsid has started has none.
func controls(file *os.File) bool {
	_, err := unix.IoctlGetInt(int(file.Fd()), unix.TIOCGPGRP)
	return err == nil
}
