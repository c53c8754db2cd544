package execute

import "syscall"

// killWithParent makes the kernel kill the program when the thread that started it
// ends, which is when this process does: the runtime ends a thread before only if
// a goroutine ends that is locked to it (golang/go#27505), and nothing here does
// that. To lock one for each program would be safe from such a thing, but take a
// thread each, of which a process may have 10,000.
func killWithParent(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGKILL }
