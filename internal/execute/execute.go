// Package execute answers messages with a program: the payload is its standard
// input, what it prints is the result.
//
//	h, err := execute.New("/usr/local/bin/restart --soft", execute.Options{})
//	d.RegisterHandler(protocol.MessageType_MESSAGE_TYPE_COMMAND, h)
//
// # What the program gets
//
// Its arguments are those of the command line, never anything of the message:
// there is no shell in between, and nothing is expanded. Its environment is that
// of this process without every variable whose name begins with QUIC_, so that
// neither a token reaches it nor, when it is one of our own programs, the
// identity of this one; and with variables of the message:
//
//	QUIC_MESSAGE_ID    the id of the message
//	QUIC_MESSAGE_TYPE  command, query, event or response
//	QUIC_SENDER_ID     the client that sent it; empty for the hub
//	TRACEPARENT        the handler's span, in the form of the W3C's header of that
//	TRACESTATE         name, and what belongs to it; absent where nothing is traced
//
// Control characters in them are replaced. Headers are not passed on.
//
// # What becomes of it
//
// Exit code 0 makes what it printed the result. Another exit code is a failure,
// with the end of what it wrote to standard error. When the context of the
// message ends, or when it prints more than a result may have, it is killed with
// SIGKILL, together with the processes that it started and that did not leave its
// process group (on Windows the program alone). Processes that it leaves behind
// after it ended by itself live on. Their output is awaited for a second, in which
// an end of the context kills them; the result is what there is by then.
//
// When this process is killed itself, so is the program on Linux; processes that
// it has started, and on other systems the program too, may live on.
package execute

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/kballard/go-shellquote"

	"github.com/voilet/QuicFlow/pkg/dispatcher"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

const (
	defaultMaxResult = 1 << 20
	maxStderr        = 4<<10 - 64 // with the exit code before it, it fits the 4 KiB of an ack's error

	// pipeDelay is how long output is awaited after the program ended, from
	// processes that it left behind.
	pipeDelay = time.Second
)

// Options are what can be set about a [Handler]. The zero value is usable.
type Options struct {
	// MaxResult limits what the program may print, in bytes; default 1 MiB. It
	// should not be over what the connection carries in one message.
	MaxResult int
}

// Handler runs a program for each message. It has no state: any number of
// messages can be handled at once, each by a process of its own.
type Handler struct {
	path      string
	args      []string
	env       []string
	maxResult int
	pipeDelay time.Duration
}

// New returns a handler that runs cmdline, which is split into words as a shell
// does it: at blanks, except within quotes and after a backslash. Pipes,
// redirections and variables need a shell: sh -c '...'.
//
// The program is looked for now, in PATH unless its name has a slash. An error
// has the code InvalidConfig.
func New(cmdline string, opts Options) (*Handler, error) {
	words, err := shellquote.Split(cmdline)
	switch {
	case err != nil:
		return nil, qerrors.New(qerrors.InvalidConfig, "handler %q: %w; close the quotes, or put a backslash before the character", cmdline, err)
	case len(words) == 0 || words[0] == "":
		return nil, qerrors.New(qerrors.InvalidConfig, "handler %q names no program", cmdline)
	case strings.ContainsRune(cmdline, 0):
		return nil, qerrors.New(qerrors.InvalidConfig, "handler %q has a NUL byte, which no argument can have", cmdline)
	case opts.MaxResult < 0:
		return nil, qerrors.New(qerrors.InvalidConfig, "MaxResult is %d; it is a number of bytes, 0 for 1 MiB", opts.MaxResult)
	case opts.MaxResult == 0:
		opts.MaxResult = defaultMaxResult
	}
	path, err := find(words[0])
	if err != nil {
		return nil, err
	}
	return &Handler{path: path, args: words[1:], env: inherited(os.Environ()), maxResult: opts.MaxResult, pipeDelay: pipeDelay}, nil
}

// find returns the absolute path of a program.
func find(program string) (string, error) {
	path, err := exec.LookPath(program)
	if err == nil {
		path, err = filepath.Abs(path)
	}
	if err == nil {
		return path, nil
	}
	var lookup *exec.Error
	if errors.As(err, &lookup) {
		err = lookup.Err // the rest repeats the name
	}
	return "", qerrors.New(qerrors.InvalidConfig,
		"handler program %q cannot be run: %w; install it, or give the full path of an executable file", program, err)
}

// OnMessage runs the program and returns what it printed. Errors have the code
// HandlerFailed, or HandlerTimeout, DeadlinePassed or HandlerCanceled when ctx ended.
func (h *Handler) OnMessage(ctx context.Context, msg *protocol.DataMessage) (*protocol.DataMessage, error) {
	ctx, end := context.WithCancel(ctx)
	defer end()
	stdout := &bounded{max: h.maxResult, exceed: end}
	stderr := &tail{max: maxStderr}

	cmd := exec.Command(h.path, h.args...)
	cmd.Env = slices.Concat(h.env, variables(ctx, msg))
	cmd.Stdin = bytes.NewReader(msg.GetPayload()) // a program that does not read it is fine with os/exec
	cmd.Stdout = stdout
	cmd.Stderr = stderr
	cmd.WaitDelay = h.pipeDelay

	err := run(ctx, cmd)
	switch {
	case stdout.exceeded != nil:
		return nil, stdout.exceeded
	case err == nil, errors.Is(err, exec.ErrWaitDelay): // it ended well, and perhaps left processes behind
		return &protocol.DataMessage{
			Type:    protocol.MessageType_MESSAGE_TYPE_RESPONSE,
			Payload: stdout.buf.Bytes(),
		}, nil
	case ctx.Err() != nil:
		return nil, killed(ctx)
	default:
		return nil, failed(err, stderr.String())
	}
}

// run is cmd.Run, but kills cmd and its children when ctx ends. The context of an
// [exec.Cmd] is not heeded any more once the program has ended, though children
// hold its output.
func run(ctx context.Context, cmd *exec.Cmd) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	lead(cmd)
	if err := cmd.Start(); err != nil {
		return err
	}
	killed := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(killed)
		killWithChildren(cmd.Process)
	})
	err := cmd.Wait()
	if !stop() {
		<-killed
	}
	return err
}

// killed explains the end of a program whose context ended.
func killed(ctx context.Context) error {
	cause := context.Cause(ctx)
	e := qerrors.From(cause)
	switch e.Code {
	case qerrors.HandlerTimeout, qerrors.DeadlinePassed, qerrors.HandlerCanceled:
		return e
	case qerrors.Timeout:
		late := qerrors.New(qerrors.HandlerTimeout, "the handler program was killed: %w", cause)
		late.Code = dispatcher.FailureCode(ctx, late)
		return late
	default:
		return qerrors.New(qerrors.HandlerCanceled, "the handler program was killed: %w", cause)
	}
}

// failed explains the end of a program that ended by itself, or did not start.
func failed(err error, stderr string) error {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return qerrors.New(qerrors.HandlerFailed, "cannot run the handler program: %w", err)
	}
	if stderr == "" {
		return qerrors.New(qerrors.HandlerFailed, "%w", err)
	}
	return qerrors.New(qerrors.HandlerFailed, "%w: %s", err, stderr)
}
