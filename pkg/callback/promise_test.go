package callback_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/voilet/QuicFlow/pkg/callback"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

func TestCompleted(t *testing.T) {
	m := callback.NewManager(0)
	table := m.NewTable(callback.Hooks{})
	before := time.Now()
	p := add(t, table, "1", in(time.Hour))
	if p.MessageID() != "1" || p.Begun().Before(before) || p.Begun().After(time.Now()) {
		t.Errorf("id %q, begun %v", p.MessageID(), p.Begun())
	}
	if isDone(p) {
		t.Fatal("done before the acknowledgement")
	}
	failure := &protocol.AckMessage{Number: p.Number(), Status: protocol.AckStatus_ACK_STATUS_FAILURE}
	if table.Complete(time.Now(), failure) != 1 {
		t.Fatal("the acknowledgement found no promise")
	}
	for range 2 {
		if ack, err := p.Result(); ack != failure || err != nil {
			t.Errorf("result %v, %v; want the acknowledgement", ack, err)
		}
		if ack, err := p.Wait(t.Context()); ack != failure || err != nil {
			t.Errorf("waited for %v, %v; want the acknowledgement", ack, err)
		}
	}
	if complete(table, p) {
		t.Error("a second acknowledgement found a promise")
	}
	p.Cancel(errors.New("too late"))
	if ack, err := p.Result(); ack != failure || err != nil {
		t.Errorf("the result became %v, %v", ack, err)
	}
	wantNothing(t, m)
}

// TestCancel: the error of a cancelled promise has the cause of the cancellation.
func TestCancel(t *testing.T) {
	own := errors.New("the user gave up")
	for _, test := range []struct {
		cause error
		code  qerrors.Code
		is    error
	}{
		{context.Canceled, qerrors.Canceled, context.Canceled},
		{context.DeadlineExceeded, qerrors.Timeout, context.DeadlineExceeded},
		{nil, qerrors.Canceled, context.Canceled},
		{own, qerrors.Canceled, own},
		{qerrors.ErrDisconnected, qerrors.Canceled, context.Canceled},
		{errors.Join(own, qerrors.ErrClosed), qerrors.Canceled, own},
	} {
		m := callback.NewManager(0)
		p := add(t, m.NewTable(callback.Hooks{}), "1", in(time.Hour))
		p.Cancel(test.cause)
		p.Cancel(errors.New("again"))
		wantError(t, p, test.code)
		if _, err := p.Result(); !errors.Is(err, test.is) {
			t.Errorf("cancelled with %v: %v", test.cause, err)
		}
		wantNothing(t, m)
	}
}

func TestWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := callback.NewManager(0)
		table := m.NewTable(callback.Hooks{})
		own := errors.New("the user gave up")

		p := add(t, table, "cancelled", in(time.Hour))
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(own) })
		if _, err := p.Wait(ctx); !errors.Is(err, own) || !errors.Is(err, qerrors.ErrOutcomeUnknown) {
			t.Errorf("cancelled: %v, want the cause and an unknown outcome", err)
		}

		p = add(t, table, "late", in(time.Hour))
		late, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		if _, err := p.Wait(late); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("past the deadline of ctx: %v", err)
		}

		p = add(t, table, "answered", in(time.Hour))
		time.AfterFunc(time.Second, func() { complete(table, p) })
		if ack, err := p.Wait(t.Context()); ack.GetMsgId() != "answered" || err != nil {
			t.Errorf("answered: %v, %v", ack, err)
		}
		if ack, err := p.Wait(ctx); ack.GetMsgId() != "answered" || err != nil {
			t.Errorf("answered, with an ended ctx: %v, %v", ack, err)
		}
		wantNothing(t, m)
	})
}

// TestThen: each function is called once, also one that comes after completion.
func TestThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := callback.NewManager(0)
		table := m.NewTable(callback.Hooks{})
		var calls []string
		note := func(name string) func(*protocol.AckMessage, error) {
			return func(ack *protocol.AckMessage, err error) {
				calls = append(calls, name+" "+ack.GetMsgId()+" "+qerrors.CodeOf(err).String())
			}
		}
		expect := func(want ...string) {
			t.Helper()
			synctest.Wait()
			if len(calls) != len(want) {
				t.Fatalf("calls %q, want %q", calls, want)
			}
			for i := range want {
				if calls[i] != want[i] {
					t.Errorf("call %d is %q, want %q", i, calls[i], want[i])
				}
			}
			calls = nil
		}
		p := add(t, table, "1", in(time.Hour))
		p.Then(note("before"))
		expect()
		complete(table, p)
		expect("before 1 ok")
		p.Then(note("after"))
		expect("after 1 ok")

		add(t, table, "2", in(time.Minute)).Then(note("late"))
		time.Sleep(time.Minute + tick)
		expect("late  timeout")
	})
}
