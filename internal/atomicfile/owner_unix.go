//go:build unix

package atomicfile

import (
	"os"
	"syscall"
)

// giveTo gives file the owner and the group of what is at path, if this process may.
func giveTo(file *os.File, path string) {
	if info, err := os.Stat(path); err == nil {
		if owner, ok := info.Sys().(*syscall.Stat_t); ok {
			_ = file.Chown(int(owner.Uid), int(owner.Gid))
		}
	}
}
