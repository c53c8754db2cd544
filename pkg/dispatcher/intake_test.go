package dispatcher_test

import (
	"context"
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/voilet/QuicFlow/pkg/dispatcher"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// reader submits the messages 0, 1 and so on, as somebody who reads them.
type reader struct {
	t       *testing.T
	d       *dispatcher.Dispatcher
	intake  *dispatcher.Intake
	r       dispatcher.Responder
	next    int
	total   int
	took    int // how often another goroutine has gone on
	rested  atomic.Int32
	through chan struct{}
}

func newReader(t *testing.T, d *dispatcher.Dispatcher, r dispatcher.Responder) *reader {
	s := &reader{t: t, d: d, r: r, through: make(chan struct{})}
	s.intake = dispatcher.NewIntake(s)
	return s
}

// GoOn and the others are those of dispatcher.Reader.
func (s *reader) GoOn()                 { s.took++; s.read() }
func (s *reader) Rested()               { s.rested.Add(1) }
func (s *reader) Slow(*dispatcher.Task) {}
func (s *reader) Late(*dispatcher.Task) {}

// submit submits n messages, and waits until all are.
func (s *reader) submit(n int) {
	s.total += n
	go s.read()
	<-s.through
}

func (s *reader) read() {
	for s.next < s.total {
		m := message(fmt.Sprint(s.next), command)
		s.next++
		mine, err := s.intake.Submit(s.d, context.Background(), s.d.NewTask(context.Background(), time.Now(), m, nil, s.r))
		if err != nil {
			s.t.Error(err)
		}
		if !mine {
			return
		}
	}
	s.intake.Rest()
	s.through <- struct{}{}
}

// learn is after how many quick messages the handlers of a type count as quick.
const learn = 200

// TestQuickHandlers: the reader runs them itself, and is told to send the answers.
func TestQuickHandlers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAnswers()
		d := commands(nil, replying("x"))
		s := newReader(t, d, a)
		s.submit(learn)
		synctest.Wait()
		for range learn {
			<-a
		}
		s.submit(10)
		if len(a) != 10 { // without waiting for any other goroutine
			t.Errorf("%d of 10 messages were answered by the reader", len(a))
		}
		for i := range 10 {
			if got := a.next(t, fmt.Sprint(learn+i), success, qerrors.OK); !got.More {
				t.Errorf("the answer to %s does not say that there may be more", got.MsgId)
			}
		}
		if s.rested.Load() == 0 || d.Alive() != 0 || s.took != 0 {
			t.Errorf("rested %d times, %d places taken, read by others %d times", s.rested.Load(), d.Alive(), s.took)
		}
	})
}

// TestSlowAfterAll: a handler that the reader runs, and that is not quick this time, keeps
// nobody from reading on, and one that ends its goroutine does not either.
func TestSlowAfterAll(t *testing.T) {
	for name, slow := range map[string]func(){
		"it takes its time":       func() { time.Sleep(time.Hour) },
		"it ends its goroutine":   runtime.Goexit,
		"it takes time, and ends": func() { time.Sleep(time.Hour); runtime.Goexit() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newAnswers()
				d := commands(&dispatcher.Config{Timeout: 24 * time.Hour}, func(_ context.Context, m *protocol.DataMessage) (*protocol.DataMessage, error) {
					if m.MsgId == fmt.Sprint(learn) {
						slow()
					}
					return nil, nil
				})
				s := newReader(t, d, a)
				s.submit(learn)
				synctest.Wait()
				begun := time.Now()
				s.submit(10)
				if waited := time.Since(begun); waited > 2*time.Millisecond || s.took != 1 {
					t.Errorf("read on after %v, by %d others", waited, s.took)
				}
				time.Sleep(2 * time.Hour)
				if len(a) != learn+10 || d.Alive() != 0 {
					t.Errorf("%d of %d messages were answered, %d workers are left", len(a), learn+10, d.Alive())
				}
			})
		})
	}
}

// TestReaderWaitsBehindOthers: with a message in the queue the reader takes no place of a
// worker, so that one which always has something to read keeps nobody waiting.
func TestReaderWaitsBehindOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAnswers()
		blocked := make(chan struct{})
		d := commands(&dispatcher.Config{Workers: 1}, func(_ context.Context, m *protocol.DataMessage) (*protocol.DataMessage, error) {
			if m.MsgId == "blocks" {
				<-blocked
			}
			return nil, nil
		})
		s := newReader(t, d, a)
		s.submit(learn)
		synctest.Wait()
		submit(t, d, message("blocks", command), a)
		submit(t, d, message("waits", command), a)
		synctest.Wait()
		for len(a) > 0 {
			<-a
		}
		s.submit(1)
		synctest.Wait()
		a.none(t)
		close(blocked)
		a.next(t, "blocks", success, qerrors.OK)
		a.next(t, "waits", success, qerrors.OK)
		a.next(t, fmt.Sprint(learn), success, qerrors.OK)
	})
}
