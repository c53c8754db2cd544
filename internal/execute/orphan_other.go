//go:build unix && !linux

package execute

import "syscall"

// killWithParent does nothing: only Linux tells a program that its parent died.
func killWithParent(*syscall.SysProcAttr) {}
