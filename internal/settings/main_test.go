package settings_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/voilet/QuicFlow/internal/leaktest"
	"github.com/voilet/QuicFlow/internal/settings"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// programEnv tells the test binary to be the program under test.
const programEnv = "SETTINGS_TEST_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(programEnv) != "" {
		os.Exit(settings.Main(mainCommand(), func(err error) int {
			if errors.Is(err, qerrors.ErrUnreachable) {
				return 7
			}
			return settings.ExitCode(err)
		}))
	}
	leaktest.Main(m)
}

// mainCommand does what its -do says.
func mainCommand() *cli.Command {
	return &cli.Command{
		Name:  "quic-demo",
		Flags: []cli.Flag{&cli.StringFlag{Name: "do"}},
		Action: func(ctx context.Context, cmd *cli.Command) error {
			switch cmd.String("do") {
			case "fail":
				return errors.Join(errors.New("disk full"), errors.New("and\x1b[31m late"))
			case "unreachable":
				return qerrors.New(qerrors.Unreachable, "no hub at localhost:1")
			case "misconfigured":
				return qerrors.New(qerrors.InvalidConfig, "-send and -handler exclude each other")
			case "wait":
				fmt.Println("waiting")
				<-ctx.Done()
				fmt.Println("stopping:", context.Cause(ctx))
			case "drain":
				fmt.Println("waiting")
				<-ctx.Done()
				fmt.Println("stopping")
				<-settings.SecondSignal(ctx).Done()
				if cause := context.Cause(settings.SecondSignal(ctx)); errors.Is(cause, context.Canceled) {
					return cause
				}
			case "hang":
				fmt.Println("waiting")
				<-ctx.Done()
				fmt.Println("stopping")
				select {}
			}
			return nil
		},
	}
}

func program(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
	cmd.Env = append(os.Environ(), programEnv+"=1",
		"GORACE=atexit_sleep_ms=0") // the race detector waits for a second by default
	return cmd
}

func TestMainExits(t *testing.T) {
	tests := []struct {
		args   string
		code   int
		stderr string
	}{
		{"", 0, ""},
		{"-h", 0, ""},
		{"-do fail", 1, "quic-demo: disk full; and [31m late\n"},
		{"-do unreachable", 7, "quic-demo: unreachable: no hub at localhost:1\n"},
		{"-do misconfigured", 2, "quic-demo: -send and -handler exclude each other\n"},
		{"-dp fail", 2, "quic-demo: unknown flag -dp (did you mean -do?); see quic-demo -h\n"},
		{"do", 2, "quic-demo: unexpected argument \"do\"; flags begin with a dash, see quic-demo -h\n"},
		{"-do", 2, "quic-demo: flag needs an argument: -do; see quic-demo -h\n"},
	}
	for _, tt := range tests {
		t.Run(tt.args, func(t *testing.T) {
			t.Parallel()
			cmd := program(t, strings.Fields(tt.args)...)
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
				t.Fatal(err)
			}
			if code := cmd.ProcessState.ExitCode(); code != tt.code || stderr.String() != tt.stderr {
				t.Errorf("exit code %d, stderr %q; want %d, %q", code, stderr.String(), tt.code, tt.stderr)
			}
		})
	}
}

func TestSignalEndsTheContext(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(sig.String(), func(t *testing.T) {
			t.Parallel()
			cmd, lines := prepare(t, "-do", "wait")
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			expectLine(t, lines, "waiting")
			if err := cmd.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
			expectLine(t, lines, "stopping: "+sig.String()+" signal received")
			if err := cmd.Wait(); err != nil {
				t.Errorf("the program ended with %v, want exit code 0", err)
			}
		})
	}
}

func TestSecondSignal(t *testing.T) {
	cmd, lines := prepare(t, "-do", "drain")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	expectLine(t, lines, "waiting")
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	expectLine(t, lines, "stopping")
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	err := cmd.Wait()
	if want := "quic-demo: second signal received: interrupt\n"; cmd.ProcessState.ExitCode() != 1 || stderr.String() != want {
		t.Errorf("the program ended with %v and said %q, want exit code 1 and %q", err, stderr.String(), want)
	}
}

func TestSecondSignalOfAnotherProgram(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := settings.SecondSignal(ctx).Err(); err != nil {
		t.Errorf("it ended with %v", err)
	}
}

func TestThirdSignalKills(t *testing.T) {
	cmd, lines := prepare(t, "-do", "hang")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	expectLine(t, lines, "waiting")
	for range 2 {
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
	}
	expectLine(t, lines, "stopping")
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		// The program takes its time to see the second one and give the signal back.
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-ended:
			status := cmd.ProcessState.Sys().(syscall.WaitStatus)
			if !status.Signaled() || status.Signal() != syscall.SIGTERM {
				t.Errorf("the program ended with %v, want death by SIGTERM", cmd.ProcessState)
			}
			return
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func prepare(t *testing.T, args ...string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	cmd := program(t, args...)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	return cmd, bufio.NewScanner(stdout)
}

func expectLine(t *testing.T, lines *bufio.Scanner, want string) {
	t.Helper()
	if !lines.Scan() || lines.Text() != want {
		t.Fatalf("the program printed %q (%v), want %q", lines.Text(), lines.Err(), want)
	}
}
