package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"syscall"
	"time"
)

// grace is how long a process has to end after it was asked to.
const grace = 5 * time.Second

// process is a program that was started and stays.
type process struct {
	*exec.Cmd
	ctx  context.Context // ends every wait
	name string
	log  string        // the file of what it prints
	done chan struct{} // closed when it has ended
}

func (d *demo) start(name, program string, args ...string) *process {
	log, err := os.Create(filepath.Join(d.dir, fmt.Sprintf("%d.log", len(d.processes))))
	check(err)
	defer func() { _ = log.Close() }() // the process has its own
	p := &process{exec.Command(filepath.Join(d.bin, program), args...), d.ctx, name, log.Name(), make(chan struct{})}
	p.Dir, p.Stdout, p.Stderr = d.dir, log, log
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

// logged waits until n lines of the log match pattern, and returns what its group
// matched in the last of them.
func (p *process) logged(pattern string, n int) string {
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
		case <-p.ctx.Done():
			panic(context.Cause(p.ctx))
		}
	}
}

func (p *process) kill() {
	_ = p.Process.Kill() // fails when it has ended
	<-p.done
}

// endAll asks all processes to end, and kills those that do not.
func (d *demo) endAll() {
	for _, p := range d.processes {
		_ = p.Process.Signal(syscall.SIGTERM) // fails when it has ended
	}
	for _, p := range d.processes {
		select {
		case <-p.done:
		case <-time.After(grace):
			p.kill()
		}
	}
}

// explain prints what went wrong, and all that the processes said.
func (d *demo) explain(problem any) {
	if errors.Is(d.ctx.Err(), context.Canceled) {
		fmt.Printf("\nStopped: %v\n", context.Cause(d.ctx))
		return
	}
	fmt.Printf("\nThis went wrong: %v\n", problem)
	for _, p := range d.processes {
		log, _ := os.ReadFile(p.log) // or nothing
		fmt.Printf("\nThe log of %s (%v):\n%s", p.name, p.ProcessState, log)
	}
}
