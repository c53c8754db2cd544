package execute_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/trace"

	"github.com/voilet/QuicFlow/internal/execute"
	"github.com/voilet/QuicFlow/internal/leaktest"
	"github.com/voilet/QuicFlow/pkg/dispatcher"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

var _ dispatcher.Handler = (*execute.Handler)(nil)

func TestMain(m *testing.M) { leaktest.Main(m) }

func newHandler(t *testing.T, cmdline string, maxResult int) *execute.Handler {
	t.Helper()
	h, err := execute.New(cmdline, execute.Options{MaxResult: maxResult})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func query(payload string) *protocol.DataMessage {
	return &protocol.DataMessage{
		MsgId:    "m-1",
		SenderId: "client-7",
		Type:     protocol.MessageType_MESSAGE_TYPE_QUERY,
		Payload:  []byte(payload),
		Headers:  map[string]string{"LD_PRELOAD": "/tmp/evil.so"},
	}
}

func TestResult(t *testing.T) {
	large := strings.Repeat("0123456789abcdef", 1<<16) // 1 MiB, the default limit
	tests := []struct{ name, cmdline, payload, want string }{
		{"payload to result", "cat", "hello", "hello"},
		{"empty payload", "cat", "", ""},
		{"no output", "true", "hello", ""},
		{"binary", "cat", "\x00\xff\n", "\x00\xff\n"},
		{"largest result", "cat", large, large},
		{"input not read", "echo done", large, "done\n"},
		{"input closed", "sh -c 'exec <&-; echo done'", large, "done\n"},
		{"stderr is no part of it", "sh -c 'echo warning >&2; echo ok'", "", "ok\n"},
		{"quotes", `printf '%s|%s|%s' 'a b' "c'd" e\ f`, "", "a b|c'd|e f"},
		{"no shell", `printf %s|%s|%s $HOME * ;`, "", "$HOME|*|;"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := newHandler(t, tt.cmdline, 0).OnMessage(t.Context(), query(tt.payload))
			if err != nil {
				t.Fatal(err)
			}
			if string(got.GetPayload()) != tt.want || got.GetType() != protocol.MessageType_MESSAGE_TYPE_RESPONSE {
				t.Errorf("got a %v of %d bytes, %.40q; want %d bytes, %.40q",
					got.GetType(), len(got.GetPayload()), got.GetPayload(), len(tt.want), tt.want)
			}
		})
	}
}

func TestFailure(t *testing.T) {
	tests := []struct{ name, cmdline, want string }{
		{"code", "sh -c 'exit 3'", "exit status 3"},
		{"code and text", "sh -c 'echo result; echo \" no such job \" >&2; exit 3'", "exit status 3: no such job"},
		{"signal", "sh -c 'kill -SEGV $$'", "signal: segmentation fault"},
		{"not text", `sh -c 'printf "a\377b" >&2; exit 1'`, "exit status 1: a?b"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := newHandler(t, tt.cmdline, 0).OnMessage(t.Context(), query(""))
			expect(t, err, qerrors.HandlerFailed, tt.want)
		})
	}
}

func TestLongStderrKeepsItsEnd(t *testing.T) {
	h := newHandler(t, `sh -c 'yes é | head -c 100000 >&2; echo the reason >&2; exit 1'`, 0)
	_, err := h.OnMessage(t.Context(), query(""))
	var e *qerrors.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want an *Error", err)
	}
	if !strings.HasPrefix(e.Message, "exit status 1: ...") || !strings.HasSuffix(e.Message, "the reason") {
		t.Errorf("the text begins with %.20q and ends with %q", e.Message, e.Message[len(e.Message)-20:])
	}
	if n := len(e.Message); n > 4<<10 || n < 4000 {
		t.Errorf("the text has %d bytes, want nearly 4 KiB: what an ack can carry", n)
	}
}

func TestOutputOverTheLimit(t *testing.T) {
	const text = "the handler program was killed: it printed more than the 1000 bytes that a result may have"
	for _, cmdline := range []string{
		"yes",
		"sh -c 'trap \"\" PIPE; yes; sleep 1000'", // goes on after its output was closed
		"sh -c 'head -c 1001 /dev/zero'",
	} {
		t.Run(cmdline, func(t *testing.T) {
			t.Parallel()
			_, err := newHandler(t, cmdline, 1000).OnMessage(t.Context(), query(""))
			expect(t, err, qerrors.HandlerFailed, text)
		})
	}
	got, err := newHandler(t, "head -c 1000 /dev/zero", 1000).OnMessage(t.Context(), query(""))
	if err != nil || len(got.GetPayload()) != 1000 {
		t.Errorf("just the limit: %d bytes and error %v", len(got.GetPayload()), err)
	}
}

func TestEnvironment(t *testing.T) {
	t.Setenv("QUIC_TOKEN", "secret")
	t.Setenv("QUIC_ID", "this-agent")
	t.Setenv("PLAIN", "kept")
	h := newHandler(t, "env", 0)
	msg := query("")
	msg.MsgId = "a\x00b\nQUIC_X=1"
	msg.SenderId = "käfer"
	got, err := h.OnMessage(t.Context(), msg)
	if err != nil {
		t.Fatal(err)
	}
	var ours []string
	for line := range strings.Lines(string(got.GetPayload())) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "QUIC_") || strings.HasPrefix(line, "PLAIN=") || strings.HasPrefix(line, "LD_PRELOAD=") {
			ours = append(ours, line)
		}
	}
	want := []string{"PLAIN=kept", "QUIC_MESSAGE_ID=a\uFFFDb\uFFFDQUIC_X=1", "QUIC_MESSAGE_TYPE=query", "QUIC_SENDER_ID=käfer"}
	if diff := cmp.Diff(want, ours); diff != "" {
		t.Errorf("variables (-want +got):\n%s", diff)
	}
}

// A program can go on with the trace that its message belongs to, and with no other.
func TestTraceContext(t *testing.T) {
	t.Setenv("TRACEPARENT", "00-11111111111111111111111111111111-1111111111111111-01")
	t.Setenv("TRACESTATE", "stale=1")
	state, err := trace.ParseTraceState("vendor=1")
	if err != nil {
		t.Fatal(err)
	}
	span := trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{2}, TraceFlags: trace.FlagsSampled}
	traced := trace.ContextWithSpanContext(t.Context(), trace.NewSpanContext(span))
	span.TraceState = state
	withState := trace.ContextWithSpanContext(t.Context(), trace.NewSpanContext(span))
	const parent = "00-01000000000000000000000000000000-0200000000000000-01"
	for _, test := range []struct {
		name string
		ctx  context.Context
		want string
	}{
		{"not traced", t.Context(), "none none"},
		{"traced", traced, parent + " none"},
		{"traced with state", withState, parent + " vendor=1"},
	} {
		h := newHandler(t, `sh -c 'echo "${TRACEPARENT-none} ${TRACESTATE-none}"'`, 0)
		got, err := h.OnMessage(test.ctx, query(""))
		if err != nil || string(got.GetPayload()) != test.want+"\n" {
			t.Errorf("%s: the program has %q with error %v, want %q", test.name, got.GetPayload(), err, test.want)
		}
	}
}

func TestMessageTypes(t *testing.T) {
	h := newHandler(t, `sh -c 'printf %s "$QUIC_MESSAGE_TYPE"'`, 0)
	for kind, want := range map[protocol.MessageType]string{
		protocol.MessageType_MESSAGE_TYPE_COMMAND: "command",
		protocol.MessageType_MESSAGE_TYPE_QUERY:   "query",
		protocol.MessageType_MESSAGE_TYPE_EVENT:   "event",
		99:                                        "99",
	} {
		got, err := h.OnMessage(t.Context(), &protocol.DataMessage{Type: kind})
		if err != nil || string(got.GetPayload()) != want {
			t.Errorf("type %d is %q with error %v, want %q", kind, got.GetPayload(), err, want)
		}
	}
}

func TestManyAtOnce(t *testing.T) {
	h := newHandler(t, "cat", 0)
	var wg sync.WaitGroup
	for i := range 32 {
		payload := bytes.Repeat(fmt.Appendf(nil, "%d ", i), 10_000)
		wg.Go(func() {
			got, err := h.OnMessage(t.Context(), query(string(payload)))
			if err != nil || !bytes.Equal(got.GetPayload(), payload) {
				t.Errorf("message %d: %d bytes, error %v; want its own payload of %d bytes", i, len(got.GetPayload()), err, len(payload))
			}
		})
	}
	wg.Wait()
}

func TestWrongCommandLines(t *testing.T) {
	plain := filepath.Join(t.TempDir(), "plain")
	if err := os.WriteFile(plain, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	const hint = "; install it, or give the full path of an executable file"
	tests := []struct{ cmdline, want string }{
		{"", `handler "" names no program`},
		{"  ", `handler "  " names no program`},
		{"''", `handler "''" names no program`},
		{"no-such-program -x", `handler program "no-such-program" cannot be run: executable file not found in $PATH` + hint},
		{"/no/such/program", `handler program "/no/such/program" cannot be run: stat /no/such/program: no such file or directory` + hint},
		{plain, `handler program "` + plain + `" cannot be run: permission denied` + hint},
		{"cat 'x", `handler "cat 'x": Unterminated single-quoted string; close the quotes, or put a backslash before the character`},
		{"cat \x00", `handler "cat \x00" has a NUL byte, which no argument can have`},
	}
	for _, tt := range tests {
		_, err := execute.New(tt.cmdline, execute.Options{})
		expect(t, err, qerrors.InvalidConfig, tt.want)
	}
	_, err := execute.New("cat", execute.Options{MaxResult: -1})
	expect(t, err, qerrors.InvalidConfig, "MaxResult is -1; it is a number of bytes, 0 for 1 MiB")
}

// TestProgramGoneLater: what was found at the start may be uninstalled since.
func TestProgramGoneLater(t *testing.T) {
	path := filepath.Join(t.TempDir(), "job")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	h := newHandler(t, path, 0)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	_, err := h.OnMessage(t.Context(), query(""))
	expect(t, err, qerrors.HandlerFailed, "cannot run the handler program: fork/exec "+path+": no such file or directory")
}

func TestContextEndedBefore(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := newHandler(t, "cat", 0).OnMessage(ctx, query(""))
	expect(t, err, qerrors.HandlerCanceled, "the handler program was killed: context canceled")
}

func expect(t *testing.T, err error, code qerrors.Code, text string) {
	t.Helper()
	var e *qerrors.Error
	if !errors.As(err, &e) || e.Code != code || e.Message != text {
		t.Errorf("got  %v\nwant %v: %s", err, code, text)
	}
}
