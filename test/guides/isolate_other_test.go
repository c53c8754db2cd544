//go:build !linux

package guides

import (
	"errors"
	"os/exec"
)

func isolate(*exec.Cmd) {}

func raiseLoopback() error { return errors.New("this system has no networks for single processes") }
