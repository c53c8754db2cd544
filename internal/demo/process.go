package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"syscall"
	"time"
)

// process is a program that was started and stays until the demonstration ends.
type process struct {
	*exec.Cmd
	name string
	log  string        // the file of what it prints
	done chan struct{} // closed when it has ended
}

// command returns a program that gets SIGTERM when the demonstration ends, and is
// killed five seconds later.
func (d *demo) command(program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(d.ctx, filepath.Join(d.bin, program), args...)
	cmd.Dir, cmd.WaitDelay = d.dir, 5*time.Second
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	return cmd
}

func (d *demo) start(name, program string, args ...string) *process {
	log, err := os.Create(filepath.Join(d.dir, fmt.Sprintf("%d.log", len(d.processes))))
	check(err)
	defer func() { _ = log.Close() }() // the process has its own
	p := &process{d.command(program, args...), name, log.Name(), make(chan struct{})}
	p.Stdout, p.Stderr = log, log
	if err := p.Start(); err != nil {
		panic(fmt.Errorf("%w: build the programs with make build", err))
	}
	d.processes = append(d.processes, p)
	go func() {
		_ = p.Wait() // the log has it
		close(p.done)
	}()
	return p
}

// logged waits until n lines of the log of p match pattern, and returns what its
// group matched in the last of them.
func (d *demo) logged(p *process, pattern string, n int) string {
	expression := regexp.MustCompile(pattern + "()")
	for {
		log, err := os.ReadFile(p.log)
		check(err)
		if found := expression.FindAllSubmatch(log, n); len(found) == n {
			return string(found[n-1][1])
		}
		select {
		case <-time.After(5 * time.Millisecond):
		case <-p.done:
			panic(fmt.Sprintf("%s has ended: %v", p.name, p.ProcessState))
		case <-d.ctx.Done():
			panic(context.Cause(d.ctx))
		}
	}
}

// explain prints what went wrong, and all that the processes said.
func (d *demo) explain(problem any) {
	fmt.Printf("\nThis went wrong: %v\n", problem)
	for _, p := range d.processes {
		log, _ := os.ReadFile(p.log) // or nothing
		fmt.Printf("\nThe log of %s (%v):\n%s", p.name, p.ProcessState, log)
	}
}
