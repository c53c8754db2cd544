package dispatcher_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/voilet/QuicFlow/pkg/dispatcher"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

func TestRoutes(t *testing.T) {
	d := dispatcher.NewDispatcher(nil)
	a := newAnswers()
	result := func(kind protocol.MessageType, want string) {
		t.Helper()
		submit(t, d, message("1", kind), a)
		if got := a.next(t, "1", success, qerrors.OK); string(got.Result) != want || got.Error != "" || !got.Wanted {
			t.Errorf("the handler of %v gave %q, %q; want %q", kind, got.Result, got.Error, want)
		}
	}
	missing := func(kind protocol.MessageType) {
		t.Helper()
		submit(t, d, message("1", kind), a)
		if got := a.next(t, "1", failed, qerrors.NoHandler); !strings.Contains(got.Error, kind.String()) {
			t.Errorf("the error does not name %v: %q", kind, got.Error)
		}
	}
	missing(command)
	d.RegisterHandler(command, replying("of commands"))
	d.RegisterHandler(query, replying("of queries"))
	result(command, "of commands")
	result(query, "of queries")
	missing(event)
	missing(protocol.MessageType_MESSAGE_TYPE_UNSPECIFIED)
	missing(99)
	d.RegisterHandler(command, replying("another"))
	result(command, "another")
	result(query, "of queries")
	d.RegisterHandler(command, nil)
	missing(command)
	result(query, "of queries")
	a.none(t)
}

// TestNotWanted: a message without wait_ack is handled and answered all the same.
func TestNotWanted(t *testing.T) {
	d, a := commands(nil, replying("x")), newAnswers()
	m := message("1", command)
	m.WaitAck = false
	submit(t, d, m, a)
	if a.next(t, "1", success, qerrors.OK).Wanted {
		t.Error("the acknowledgement was wanted")
	}
}

func TestEmptyResult(t *testing.T) {
	a := newAnswers()
	submit(t, commands(nil, func(context.Context, *protocol.DataMessage) (*protocol.DataMessage, error) {
		return nil, nil
	}), message("1", command), a)
	if got := a.next(t, "1", success, qerrors.OK); len(got.Result) != 0 {
		t.Errorf("the result is %q", got.Result)
	}
}

// TestHandlerOwnsMessage: what the handler does to its message does not change
// who is answered.
func TestHandlerOwnsMessage(t *testing.T) {
	a := newAnswers()
	submit(t, commands(nil, func(_ context.Context, m *protocol.DataMessage) (*protocol.DataMessage, error) {
		m.Reset()
		return m, nil
	}), message("1", command), a)
	if !a.next(t, "1", success, qerrors.OK).Wanted {
		t.Error("the acknowledgement is not wanted any more")
	}
}

func TestMiddleware(t *testing.T) {
	var trace []string
	note := func(name string) dispatcher.Middleware {
		return func(next dispatcher.Handler) dispatcher.Handler {
			return dispatcher.HandlerFunc(func(ctx context.Context, m *protocol.DataMessage) (*protocol.DataMessage, error) {
				trace = append(trace, name)
				defer func() { trace = append(trace, "/"+name) }()
				return next.OnMessage(ctx, m)
			})
		}
	}
	d, a := commands(nil, replying("x")), newAnswers()
	d.Use(note("1"), note("2"))
	d.Use(note("3"))
	d.RegisterHandler(event, replying("y")) // after Use
	for _, kind := range []protocol.MessageType{command, event} {
		trace = nil
		submit(t, d, message("1", kind), a)
		a.next(t, "1", success, qerrors.OK)
		if want := "[1 2 3 /3 /2 /1]"; fmt.Sprint(trace) != want {
			t.Errorf("the handler of %v was called through %v, want %v", kind, trace, want)
		}
	}
	d.Use(func(dispatcher.Handler) dispatcher.Handler {
		return dispatcher.HandlerFunc(func(context.Context, *protocol.DataMessage) (*protocol.DataMessage, error) {
			return nil, errors.New("not allowed")
		})
	})
	submit(t, d, message("1", command), a)
	if got := a.next(t, "1", failed, qerrors.HandlerFailed); got.Error != "not allowed" {
		t.Errorf("the error is %q", got.Error)
	}
}

// TestReplaceWhileRunning: each message gets one handler as a whole, whatever is
// registered meanwhile.
func TestReplaceWhileRunning(t *testing.T) {
	d, a := commands(nil, replying("0")), newAnswers()
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := range 200 {
			d.RegisterHandler(command, replying(fmt.Sprint(i)))
			d.RegisterHandler(event, nil)
			if i%50 == 0 {
				d.Use(func(next dispatcher.Handler) dispatcher.Handler { return next })
			}
		}
	})
	for range 500 {
		submit(t, d, message("1", command), a)
		a.next(t, "1", success, qerrors.OK)
	}
	wg.Wait()
	submit(t, d, message("1", command), a)
	if got := a.next(t, "1", success, qerrors.OK); string(got.Result) != "199" {
		t.Errorf("the last handler registered was 199, %s ran", got.Result)
	}

	entered, leave := make(chan bool), make(chan bool)
	d.RegisterHandler(command, dispatcher.HandlerFunc(func(context.Context, *protocol.DataMessage) (*protocol.DataMessage, error) {
		entered <- true
		<-leave
		return &protocol.DataMessage{Payload: []byte("old")}, nil
	}))
	submit(t, d, message("old", command), a)
	<-entered
	d.RegisterHandler(command, replying("new"))
	submit(t, d, message("new", command), a)
	a.next(t, "new", success, qerrors.OK)
	leave <- true
	if got := a.next(t, "old", success, qerrors.OK); string(got.Result) != "old" {
		t.Errorf("the handler that ran before gave %q", got.Result)
	}
}
