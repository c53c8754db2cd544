package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/voilet/QuicFlow/pkg/dispatcher"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

// withHub calls use with the address of the hub that the flags ask for and the
// file of authorities to trust, and then stops a hub that was started for that.
func withHub(ctx context.Context, cmd *cli.Command, use func(addr, ca string) error) error {
	addr, spawned, embedded := cmd.String("server"), cmd.Bool("spawn"), cmd.Bool("embedded")
	switch {
	case addr != "" && !spawned && !embedded:
		if cmd.IsSet("workers") {
			return qerrors.New(qerrors.InvalidConfig, "-workers is for a hub that run starts: give it to quic-bench serve")
		}
		return use(addr, cmd.String("ca"))
	case addr != "" || spawned == embedded:
		return qerrors.New(qerrors.InvalidConfig, "choose one hub: -server ADDRESS, -spawn or -embedded")
	case cmd.IsSet("ca") || cmd.Bool("insecure"):
		return qerrors.New(qerrors.InvalidConfig, "-ca and -insecure are for -server: a hub that run starts is trusted")
	}
	start := embed
	if spawned {
		start = spawn
	}
	return withCertificates(nil, func(cert, key, ca string) error {
		addr, stop, err := start(ctx, own{cert, key, cmd.Int("workers"), maxPayload(cmd), cmd.Duration("max-idle-timeout")})
		if err != nil {
			return err
		}
		return errors.Join(use(addr, ca), cleanUp(ctx, stop))
	})
}

// own are the settings of a hub that run starts.
type own struct {
	cert, key           string
	workers, maxPayload int
	idle                time.Duration
}

// embed starts a hub in this process.
func embed(_ context.Context, o own) (addr string, stop func(context.Context) error, err error) {
	h, err := newHub(server.ServerConfig{
		TLSCertFile: o.cert, TLSKeyFile: o.key, MaxPayload: o.maxPayload, MaxClients: math.MaxInt32, MaxPromises: math.MaxInt32,
		MaxIdleTimeout: o.idle, HeartbeatTimeout: silence(o.idle),
	}, dispatcher.Config{Workers: o.workers, Timeout: orderTime})
	if err != nil {
		return "", nil, err
	}
	if err := h.Start("127.0.0.1:0"); err != nil {
		return "", nil, err
	}
	return h.Addr().String(), h.stop, nil
}

// spawn starts a hub in a process of its own, which ends with this one, however
// that ends: its stdin does.
func spawn(ctx context.Context, o own) (addr string, stop func(context.Context) error, err error) {
	child, stdin, stderr, err := startChild("serve", "-addr", "127.0.0.1:0", "-cert", o.cert, "-key", o.key, "-until-eof",
		"-workers", strconv.Itoa(o.workers), "-max-payload", strconv.Itoa(o.maxPayload), "-max-promises", strconv.Itoa(math.MaxInt32),
		"-max-idle-timeout", o.idle.String())
	if err != nil {
		return "", nil, fmt.Errorf("cannot start the hub: %w", err)
	}
	found, ended := make(chan string, 1), make(chan error, 1)
	go func() {
		relay(stderr, found)
		ended <- child.Wait()
	}()
	stop = func(ctx context.Context) error {
		_ = stdin.Close() // fails when the hub has ended
		select {
		case err := <-ended:
			return hubEnded(err)
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("the hub does not stop: %w", context.Cause(ctx)), child.Process.Kill(), hubEnded(<-ended))
		}
	}
	select {
	case addr := <-found:
		return addr, stop, nil
	case <-ctx.Done():
		return "", nil, errors.Join(context.Cause(ctx), cleanUp(ctx, stop))
	case <-time.After(startTime):
		return "", nil, errors.Join(fmt.Errorf("the hub says no address within %v", startTime), cleanUp(ctx, stop))
	case err := <-ended:
		return "", nil, errors.Join(errors.New("the hub ended before it listened"), hubEnded(err))
	}
}

// startChild starts this program once more.
func startChild(args ...string) (child *exec.Cmd, stdin io.WriteCloser, stderr io.Reader, err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, nil, nil, err
	}
	child = exec.Command(self, args...)
	if stdin, err = child.StdinPipe(); err != nil {
		return nil, nil, nil, err
	}
	if stderr, err = child.StderrPipe(); err != nil {
		return nil, nil, nil, err
	}
	return child, stdin, stderr, child.Start()
}

// startTime is how long a hub may take to listen.
const startTime = 10 * time.Second

// hubEnded returns the error of a hub that has ended with err.
func hubEnded(err error) error {
	if err != nil {
		return fmt.Errorf("the hub ended with: %w", err)
	}
	return nil
}

// relay passes on what a hub logs, except for its address, which it sends to found.
func relay(log io.Reader, found chan<- string) {
	listening := regexp.MustCompile(`msg=listening addr=(\S+)`)
	lines := bufio.NewScanner(log)
	for lines.Scan() {
		match := listening.FindStringSubmatch(lines.Text())
		if match == nil {
			fmt.Fprintln(os.Stderr, lines.Text())
			continue
		}
		select {
		case found <- match[1]:
		default: // it was found before
		}
	}
	_, _ = io.Copy(os.Stderr, log) // after a line that was too long
}
