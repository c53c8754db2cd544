package monitoring_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/monitoring"
)

// recording returns hooks that note in calls how they were called.
func recording(calls *[]string) *monitoring.EventHooks {
	note := func(format string, args ...any) { *calls = append(*calls, fmt.Sprintf(format, args...)) }
	return &monitoring.EventHooks{
		OnConnect:          func(id string) { note("connect %s", id) },
		OnDisconnect:       func(id string, err error) { note("disconnect %s %v", id, err) },
		OnReconnect:        func(id string, attempts int) { note("reconnect %s %d", id, attempts) },
		OnHeartbeatTimeout: func(id string) { note("silent %s", id) },
		OnMessageSent:      func(msg, id string, err error) { note("sent %s %s %v", msg, id, err) },
		OnMessageReceived:  func(msg, id string) { note("received %s %s", msg, id) },
		OnBroadcast:        func(msg string, total, failed int) { note("broadcast %s %d %d", msg, total, failed) },
		OnPromiseTimeout:   func(msg, id string) { note("late %s %s", msg, id) },
		OnError:            func(err error) { note("error %v", err) },
		OnDropped:          func(messages, others int) { note("dropped %d %d", messages, others) },
	}
}

// all reports one event of each kind.
func all(e *monitoring.Events) {
	e.Connect("c")
	e.MessageSent("m", "c", nil)
	e.MessageSent("m", "c", qerrors.ErrTimeout)
	e.MessageReceived("m", "c")
	e.PromiseTimeout("m", "c")
	e.Broadcast("m", 3, 1)
	e.Error(errors.New("oh"))
	e.HeartbeatTimeout("c")
	e.Disconnect("c", qerrors.ErrReplaced)
	e.Disconnect("c", nil)
	e.Disconnect("c", qerrors.New(qerrors.OK, "in order"))
	e.Reconnect("c", 4)
}

func newEvents(hooks *monitoring.EventHooks) (*monitoring.Events, *monitoring.Metrics) {
	metrics := monitoring.NewMetrics(nil)
	return monitoring.NewEvents(hooks, slog.New(slog.DiscardHandler), metrics), metrics
}

func wait(t *testing.T, e *monitoring.Events) {
	t.Helper()
	if err := e.Wait(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestOrder(t *testing.T) {
	var calls []string
	e, _ := newEvents(recording(&calls))
	want := []string{
		"connect c", "sent m c <nil>", "sent m c timeout", "received m c", "late m c", "broadcast m 3 1", "error oh",
		"silent c", "disconnect c replaced", "disconnect c <nil>", "disconnect c <nil>", "reconnect c 4",
	}
	for range 3 {
		calls = nil
		all(e)
		wait(t, e)
		if !slices.Equal(calls, want) {
			t.Fatalf("the hooks were called as\n%q, want\n%q", calls, want)
		}
	}
}

// TestNoHooks: hooks are optional, all together and each of them.
func TestNoHooks(t *testing.T) {
	for _, hooks := range []*monitoring.EventHooks{nil, {}} {
		e, _ := newEvents(hooks)
		all(e)
		wait(t, e)
	}
	called := 0
	e, _ := newEvents(&monitoring.EventHooks{OnConnect: func(string) { called++ }})
	all(e)
	wait(t, e)
	if called != 1 {
		t.Errorf("the only hook was called %d times, want once", called)
	}
}

// TestPerMessage: the hooks about single messages can be switched off, and the
// others cannot.
func TestPerMessage(t *testing.T) {
	var calls []string
	hooks := recording(&calls)
	hooks.PerMessage = new(atomic.Bool)
	e, _ := newEvents(hooks)
	for _, on := range []bool{false, true, false} {
		calls = nil
		hooks.PerMessage.Store(on)
		all(e)
		wait(t, e)
		want := 8
		if on {
			want = 12
		}
		if len(calls) != want {
			t.Errorf("with PerMessage %v: %q", on, calls)
		}
	}
}

// TestHooksAreCopied: a configuration is not changed after it was passed in, and
// if it is, it matters to nobody.
func TestHooksAreCopied(t *testing.T) {
	var calls []string
	hooks := recording(&calls)
	e, _ := newEvents(hooks)
	hooks.OnConnect = nil
	e.Connect("c")
	wait(t, e)
	if len(calls) != 1 {
		t.Errorf("calls: %q", calls)
	}
}

func TestPanic(t *testing.T) {
	var log bytes.Buffer
	var calls []string
	hooks := recording(&calls)
	hooks.OnError = func(error) { panickingHook() }
	e := monitoring.NewEvents(hooks, slog.New(slog.NewTextHandler(&log, nil)), monitoring.NewMetrics(nil))
	e.Connect("before")
	e.Error(errors.New("x"))
	e.Connect("after")
	wait(t, e)
	if want := []string{"connect before", "connect after"}; !slices.Equal(calls, want) {
		t.Errorf("the hooks were called as %q, want %q", calls, want)
	}
	for _, want := range []string{"level=ERROR", "panic=oh", "panickingHook"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log does not have %q:\n%s", want, log.String())
		}
	}
}

func panickingHook() { panic("oh") }
