package dispatcher_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/voilet/QuicFlow/pkg/dispatcher"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// ownError has an Error method that cannot be called on a nil pointer.
type ownError struct{ text string }

func (e *ownError) Error() string { return e.text }

// TestFailures: whatever a handler does wrong gives its sender a FAILURE with a
// code and a text, and costs nobody else anything.
func TestFailures(t *testing.T) {
	for name, test := range map[string]struct {
		handler func() error
		code    qerrors.Code
		text    string
	}{
		"error":              {func() error { return io.ErrUnexpectedEOF }, qerrors.HandlerFailed, "unexpected EOF"},
		"error without text": {func() error { return errors.New("") }, qerrors.HandlerFailed, ""},
		"handler code":       {func() error { return qerrors.New(qerrors.NoHandler, "no such command") }, qerrors.NoHandler, "no such command"},
		"another code":       {func() error { return qerrors.New(qerrors.Timeout, "too slow") }, qerrors.HandlerFailed, "timeout: too slow"},
		"code inside":        {func() error { return fmt.Errorf("a: %w", qerrors.New(qerrors.NoHandler, "b")) }, qerrors.HandlerFailed, "a: no_handler: b"},
		"panic":              {func() error { panic("at the disco") }, qerrors.HandlerPanic, "the handler panicked: at the disco"},
		"panic with error":   {func() error { panic(io.EOF) }, qerrors.HandlerPanic, "the handler panicked: EOF"},
		"panic with nil":     {func() error { panic(nil) }, qerrors.HandlerPanic, "panic called with nil argument"},
		"nil pointer":        {func() error { var e *ownError; return errors.New(e.text) }, qerrors.HandlerPanic, "nil pointer"},
		"nil as an error":    {func() error { var e *ownError; return e }, qerrors.HandlerPanic, "nil pointer"},
		"end of goroutine":   {func() error { runtime.Goexit(); return nil }, qerrors.HandlerPanic, "ended its goroutine"},
		"nil as our error":   {func() error { var e *qerrors.Error; return e }, qerrors.HandlerPanic, "nil pointer"},
	} {
		t.Run(name, func(t *testing.T) {
			silent := &dispatcher.Config{Workers: 1, Logger: slog.New(slog.DiscardHandler)}
			d := commands(silent, func(ctx context.Context, _ *protocol.DataMessage) (*protocol.DataMessage, error) {
				err := test.handler()
				if code := dispatcher.FailureCode(ctx, err); code != test.code && test.code != qerrors.HandlerPanic {
					t.Errorf("it will be answered with %v, want %v", code, test.code)
				}
				return &protocol.DataMessage{Payload: []byte("ignored")}, err
			})
			d.RegisterHandler(event, replying("fine"))
			a := newAnswers()
			submit(t, d, message("1", command), a)
			got := a.next(t, "1", failed, test.code)
			if !strings.Contains(got.Error, test.text) || len(got.Result) > 0 {
				t.Errorf("the answer has %q and %q, want %q", got.Error, got.Result, test.text)
			}
			submit(t, d, message("2", event), a)
			a.next(t, "2", success, qerrors.OK)
			a.none(t)
		})
	}
}

// TestPanicIsLogged: with what is needed to find its place and its message.
func TestPanicIsLogged(t *testing.T) {
	var log bytes.Buffer
	d := commands(&dispatcher.Config{Logger: slog.New(slog.NewJSONHandler(&log, nil))},
		func(_ context.Context, m *protocol.DataMessage) (*protocol.DataMessage, error) {
			m.Reset()
			return theOneThatPanics()
		})
	a := newAnswers()
	m := message("m-1", command)
	m.SenderId = "client-1"
	submit(t, d, m, a)
	a.next(t, "m-1", failed, qerrors.HandlerPanic)

	var line map[string]any
	if err := json.Unmarshal(log.Bytes(), &line); err != nil {
		t.Fatalf("not one line: %v\n%s", err, log.String())
	}
	for key, want := range map[string]string{
		"level": "ERROR", "msg_id": "m-1", "client_id": "client-1",
		"type": "command", "code": "handler_panic", "panic": "oh", "stack": "theOneThatPanics",
	} {
		if got := fmt.Sprint(line[key]); !strings.Contains(got, want) {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
}

func theOneThatPanics() (*protocol.DataMessage, error) { panic("oh") }

// TestErrorText: an acknowledgement says at most 4 KiB about an error, in UTF-8.
func TestErrorText(t *testing.T) {
	const limit = 4 << 10
	for name, test := range map[string]struct{ text, want string }{
		"at the limit":       {strings.Repeat("a", limit), strings.Repeat("a", limit)},
		"over the limit":     {strings.Repeat("a", limit+1), strings.Repeat("a", limit)},
		"a character cut":    {strings.Repeat("a", limit-1) + "é", strings.Repeat("a", limit-1)},
		"no character cut":   {strings.Repeat("a", limit-2) + "éa", strings.Repeat("a", limit-2) + "é"},
		"not UTF-8":          {"a\xffb", "ab"},
		"long and not UTF-8": {strings.Repeat("\xffé", limit), strings.Repeat("é", limit/3)},
	} {
		for _, panics := range []bool{false, true} {
			d := commands(&dispatcher.Config{Logger: slog.New(slog.DiscardHandler)},
				func(context.Context, *protocol.DataMessage) (*protocol.DataMessage, error) {
					if panics {
						panic(qerrors.New(qerrors.Internal, "%s", test.text))
					}
					return nil, errors.New(test.text)
				})
			a := newAnswers()
			submit(t, d, message("1", command), a)
			got := <-a
			if len(got.Error) > limit || !utf8.ValidString(got.Error) {
				t.Errorf("%s: %d bytes, UTF-8: %v", name, len(got.Error), utf8.ValidString(got.Error))
			}
			if !panics && got.Error != test.want {
				t.Errorf("%s: the text has %d bytes, want %d", name, len(got.Error), len(test.want))
			}
		}
	}
}
