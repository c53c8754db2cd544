package dispatcher_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/voilet/QuicFlow/pkg/dispatcher"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// sleeping returns a handler that takes d, whatever its context says.
func sleeping(d time.Duration) dispatcher.HandlerFunc {
	return func(context.Context, *protocol.DataMessage) (*protocol.DataMessage, error) {
		time.Sleep(d)
		return nil, nil
	}
}

// TestTimeout: the sender is answered in time, also when the handler goes on. The
// handler keeps its worker until it returns.
func TestTimeout(t *testing.T) {
	for _, test := range []struct {
		name      string
		limit     time.Duration // of the dispatcher
		sender    uint32        // in milliseconds
		want      protocol.AckStatus
		code      qerrors.Code
		answersAt time.Duration
	}{
		{"default of 30 s", 0, 0, failed, qerrors.HandlerTimeout, 30 * time.Second},
		{"the dispatcher's", 5 * time.Second, 0, failed, qerrors.HandlerTimeout, 5 * time.Second},
		{"the sender's", 0, 1500, timeout, qerrors.DeadlinePassed, 1500 * time.Millisecond},
		{"the sender's is earlier", 5 * time.Second, 4000, timeout, qerrors.DeadlinePassed, 4 * time.Second},
		{"the dispatcher's is earlier", 5 * time.Second, 6000, failed, qerrors.HandlerTimeout, 5 * time.Second},
		{"neither", 2 * time.Minute, 90000, success, qerrors.OK, time.Minute},
		{"the sender's is long", 0, 1<<32 - 1, failed, qerrors.HandlerTimeout, 30 * time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d, a := commands(&dispatcher.Config{Timeout: test.limit}, sleeping(time.Minute)), newAnswers()
				begun := time.Now()
				submit(t, d, within("1", test.sender), a)
				a.next(t, "1", test.want, test.code)
				if at := time.Since(begun); at != test.answersAt {
					t.Errorf("answered after %v, want %v", at, test.answersAt)
				}
				synctest.Wait()
				if busy, want := d.Stats().Busy, min(1, int(time.Minute-test.answersAt)); busy != want {
					t.Errorf("%d handlers run, want %d", busy, want)
				}
				time.Sleep(time.Minute)
				if s := d.Stats(); s.Busy != 0 || d.Alive() != 0 {
					t.Errorf("%d handlers and %d workers are left", s.Busy, d.Alive())
				}
				a.none(t)
			})
		})
	}
}

// TestTimeoutInQueue: a message whose time passes before it gets a worker is
// answered when it does, and not handled any more.
func TestTimeoutInQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		handled := 0
		d, a := commands(&dispatcher.Config{Workers: 1}, func(context.Context, *protocol.DataMessage) (*protocol.DataMessage, error) {
			handled++
			time.Sleep(3 * time.Second)
			return nil, nil
		}), newAnswers()
		begun := time.Now()
		submit(t, d, within("first", 0), a)
		submit(t, d, within("too late", 2999), a)
		submit(t, d, within("just too late", 3000), a)
		submit(t, d, within("in time", 6001), a)
		a.next(t, "first", success, qerrors.OK)
		a.next(t, "too late", timeout, qerrors.DeadlinePassed)
		a.next(t, "just too late", timeout, qerrors.DeadlinePassed)
		a.next(t, "in time", success, qerrors.OK)
		if at := time.Since(begun); at != 6*time.Second || handled != 2 {
			t.Errorf("%d were handled in %v, want 2 in 6s", handled, at)
		}
	})
}

// TestAnswersBeforeTheContextEnds: otherwise what the handler makes of the end of
// its context could be taken for its answer.
func TestAnswersBeforeTheContextEnds(t *testing.T) {
	for _, sender := range []uint32{0, 1000} {
		synctest.Test(t, func(t *testing.T) {
			contexts, ended := make(chan context.Context, 1), make(chan error, 1)
			d := commands(nil, func(ctx context.Context, m *protocol.DataMessage) (*protocol.DataMessage, error) {
				contexts <- ctx
				return waiting(ctx, m)
			})
			submit(t, d, within("1", sender), responderFunc(func(*protocol.AckMessage) {
				ended <- (<-contexts).Err()
			}))
			if err := <-ended; err != nil {
				t.Errorf("before the answer the context ended with %v", err)
			}
		})
	}
}

type responderFunc func(*protocol.AckMessage)

func (f responderFunc) Respond(o dispatcher.Outcome) { f(o.Ack) }

// TestTimes checks the one timer that a worker sets for one handler after another
// against what each of them would get with a timer of its own.
func TestTimes(t *testing.T) {
	const limit = 500
	ms := func(n int) time.Duration { return time.Duration(n) * time.Millisecond }
	rapid.Check(t, func(rt *rapid.T) {
		rapid.SyncTest(rt, func(rt *rapid.T) {
			d := dispatcher.NewDispatcher(&dispatcher.Config{Workers: 1, Timeout: ms(limit)})
			free := time.Now() // when the worker is
			var want []string
			a := newAnswers()
			for i := range rapid.IntRange(1, 12).Draw(rt, "messages") {
				kind := protocol.MessageType(100 + i)
				// The microsecond keeps handlers from ending just at a deadline.
				takes := ms(rapid.IntRange(0, 2*limit).Draw(rt, "handler takes, ms")) + time.Microsecond
				wait := rapid.IntRange(0, 3*limit).Draw(rt, "sender waits, ms")
				time.Sleep(ms(rapid.IntRange(0, 2*limit).Draw(rt, "pause, ms")))
				m := message(fmt.Sprint(i), kind)
				m.TimeoutMs = uint32(wait)
				d.RegisterHandler(kind, sleeping(takes))
				now := time.Now()
				if err := d.Submit(context.Background(), context.Background(), now, m, stamped{a, now}); err != nil {
					rt.Fatal(err)
				}
				starts := now
				if free.After(now) {
					starts = free
				}
				ends, status, at := starts.Add(takes), success, starts.Add(takes)
				if at.After(starts.Add(ms(limit))) {
					status, at = failed, starts.Add(ms(limit))
				}
				if deadline := now.Add(ms(wait)); wait > 0 && !deadline.After(starts) {
					status, at, ends = timeout, starts, starts
				} else if wait > 0 && !deadline.After(at) {
					status, at = timeout, deadline
				}
				free = ends
				want = append(want, fmt.Sprintln(m.MsgId, status, at.Sub(now)))
			}
			time.Sleep(time.Until(free) + ms(1))
			for _, w := range want {
				got := <-a
				if text := fmt.Sprintln(got.MsgId, got.Status, got.Error); text != w {
					rt.Fatalf("got %s, want %s", text, w)
				}
			}
		})
	})
}

// stamped notes in the error text how long an answer took.
type stamped struct {
	answers
	begun time.Time
}

func (s stamped) Respond(o dispatcher.Outcome) {
	o.Ack.Error = time.Since(s.begun).String()
	s.answers.Respond(o)
}
