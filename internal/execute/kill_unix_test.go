//go:build unix

package execute_test

import (
	"bufio"
	"context"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

func fifo(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// start runs a program that says "running" to the pipe at path, and returns the
// pipe and how the handler ended, once it has.
func start(ctx context.Context, t *testing.T, path, cmdline string) (pipe *bufio.Reader, ended chan error) {
	t.Helper()
	h := newHandler(t, cmdline, 0)
	return await(t, path, func() error {
		_, err := h.OnMessage(ctx, query(""))
		return err
	})
}

// await runs handle until its program says "running" to the pipe at path.
func await(t *testing.T, path string, handle func() error) (pipe *bufio.Reader, ended chan error) {
	t.Helper()
	ended = make(chan error, 1)
	go func() { ended <- handle() }()
	reader, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { reader.Close() })
	// Only so that a test which fails does not wait for what it did not kill.
	if err := reader.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	pipe = bufio.NewReader(reader)
	if line, err := pipe.ReadString('\n'); err != nil || line != "running\n" {
		t.Fatalf("the program said %q, %v", line, err)
	}
	return pipe, ended
}

// release lets a process that reads from the pipe at path go on, and so proves
// that it lives: without a reader, opening the pipe does not return.
func release(t *testing.T, path string) {
	t.Helper()
	pipe, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	pipe.Close()
}

func TestEndOfContextKillsTheChildrenToo(t *testing.T) {
	tests := []struct {
		name  string
		cause error
		code  qerrors.Code
		text  string
	}{
		{"deadline", context.DeadlineExceeded, qerrors.HandlerTimeout, "the handler program was killed: context deadline exceeded"},
		{"stop", context.Canceled, qerrors.HandlerCanceled, "the handler program was killed: context canceled"},
		{"own cause", qerrors.New(qerrors.DeadlinePassed, "too late"), qerrors.DeadlinePassed, "too late"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancelCause(t.Context())
			path := fifo(t)
			// Shell and child hold the write end: it closes when both are gone.
			pipe, ended := start(ctx, t, path, "sh -c 'exec 9>"+path+"; sleep 1000 & echo running >&9; wait'")
			cancel(tt.cause)
			expect(t, <-ended, tt.code, tt.text)
			if rest, err := io.ReadAll(pipe); err != nil {
				t.Errorf("the program or its child lives on: read %q, %v", rest, err)
			}
		})
	}
}

// TestEscapedChildDoesNotHoldUp: a child that left the process group survives,
// with the program's output in its hands, and is not waited for.
func TestEscapedChildDoesNotHoldUp(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	out, in := fifo(t), fifo(t)
	_, ended := start(ctx, t, out, "sh -c 'setsid sh -c \"echo running >"+out+"; read x <"+in+"\" & wait'")
	cancel()
	expect(t, <-ended, qerrors.HandlerCanceled, "the handler program was killed: context canceled")
	release(t, in)
}

// TestEndOfContextAfterThatOfTheProgram: what the program said is the result, and
// the child that holds its output is not waited for, but killed.
func TestEndOfContextAfterThatOfTheProgram(t *testing.T) {
	tests := []struct {
		name, exit string
		code       qerrors.Code
	}{
		{"success", "0", qerrors.OK},
		{"failure", "3", qerrors.HandlerTimeout},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			path := fifo(t)
			h := newHandler(t, "sh -c 'exec 9>"+path+"; echo result; "+
				"(while kill -0 $$; do sleep 0.01; done; echo running >&9; sleep 1000) & exit "+tt.exit+"'", 0)
			h.SetPipeDelay(time.Hour)
			ctx, cancel := context.WithCancelCause(t.Context())
			var got *protocol.DataMessage
			pipe, ended := await(t, path, func() (err error) {
				got, err = h.OnMessage(ctx, query(""))
				return err
			})
			cancel(context.DeadlineExceeded)
			err := <-ended
			if code := qerrors.CodeOf(err); code != tt.code || err == nil && string(got.GetPayload()) != "result\n" {
				t.Errorf("result %q, error %v, want code %v", got.GetPayload(), err, tt.code)
			}
			if rest, err := io.ReadAll(pipe); err != nil {
				t.Errorf("the child lives on: read %q, %v", rest, err)
			}
		})
	}
}

// TestProcessLeftBehind: what a program started on purpose and left running is
// neither waited for nor killed.
func TestProcessLeftBehind(t *testing.T) {
	in := fifo(t)
	h := newHandler(t, "sh -c '(read x <"+in+") & echo started'", 0)
	got, err := h.OnMessage(t.Context(), query(""))
	if err != nil || string(got.GetPayload()) != "started\n" {
		t.Errorf("got %q and error %v, want what was printed before the program ended", got.GetPayload(), err)
	}
	release(t, in)
}
