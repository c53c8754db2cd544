package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
)

// hubProcess is the process of a hub, seen from that of the load. Orders go to it
// as lines on its stdin and are answered on its stdout, so that they need nothing of
// the system that is measured. It ends with its stdin, and so with its parent.
type hubProcess struct {
	dialer
	cmd   *exec.Cmd
	stdin io.WriteCloser

	mu      sync.Mutex // one order at a time
	answers *bufio.Reader
}

// greeting is the first line of a hub.
type greeting struct {
	Addr string `json:"addr"`
}

// reply is what a hub answers an order with.
type reply struct {
	Answer json.RawMessage `json:"answer,omitempty"`
	Error  string          `json:"error,omitempty"`
}

// startHub starts the hub of a system with the certificates in dir.
func startHub(s system, dir string) (*hubProcess, string, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, "", err
	}
	p := &hubProcess{cmd: exec.Command(self, "serve", "-system", s.name, "-certs", dir)}
	p.cmd.Stderr = os.Stderr
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, "", err
	}
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		return nil, "", err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, "", err
	}
	p.answers = bufio.NewReader(stdout)
	var hello greeting
	if err := p.read(&hello); err != nil {
		return nil, "", errors.Join(err, p.stop())
	}
	return p, hello.Addr, nil
}

func (p *hubProcess) read(v any) error {
	line, err := p.answers.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("the hub says nothing more: %w", err)
	}
	return json.Unmarshal(line, v)
}

// Order is part of [load.Network].
func (p *hubProcess) Order(_ context.Context, order []byte) ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, err := p.stdin.Write(append(order, '\n')); err != nil {
		return nil, err
	}
	var r reply
	if err := p.read(&r); err != nil {
		return nil, err
	}
	if r.Error != "" {
		return nil, errors.New(r.Error)
	}
	return r.Answer, nil
}

// stop ends the process.
func (p *hubProcess) stop() error {
	_ = p.stdin.Close() // fails when it has ended
	return p.cmd.Wait()
}
