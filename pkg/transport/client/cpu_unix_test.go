//go:build unix

package client_test

import (
	"syscall"
	"time"
)

// cpuTime returns how long the processors have worked for this process: a measure
// that other processes disturb less than they do the time on the clock.
func cpuTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
