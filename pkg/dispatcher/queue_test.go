package dispatcher_test

import (
	"context"
	"errors"
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

// gate is a handler that waits until it is let go, and notes who came.
type gate struct {
	pass  chan bool
	order chan string
}

func newGate() *gate { return &gate{make(chan bool), make(chan string, 1000)} }

func (g *gate) OnMessage(_ context.Context, m *protocol.DataMessage) (*protocol.DataMessage, error) {
	g.order <- m.MsgId
	<-g.pass
	return nil, nil
}

// TestFullQueue: it makes submitters wait, serves them in the order in which they
// came, and drops nothing.
func TestFullQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const workers, queue, submitters = 2, 3, 20
		g, a := newGate(), newAnswers()
		d := commands(&dispatcher.Config{Workers: workers, QueueSize: queue}, g.OnMessage)
		var through atomic.Int32
		for i := range submitters {
			go func() {
				submit(t, d, message(fmt.Sprint(i), command), a)
				through.Add(1)
			}()
			synctest.Wait()
			want := dispatcher.Stats{Queued: min(max(0, i+1-workers), queue), QueueSize: queue, Busy: min(i+1, workers), Workers: workers}
			if got := d.Stats(); got != want {
				t.Errorf("after %d messages: %+v, want %+v", i+1, got, want)
			}
			if got, want := int(through.Load()), min(i+1, workers+queue); got != want {
				t.Errorf("after %d messages %d were accepted, want %d", i+1, got, want)
			}
		}
		for i := range submitters {
			g.pass <- true
			synctest.Wait()
			if got, want := int(through.Load()), min(i+1+workers+queue, submitters); got != want {
				t.Errorf("after %d handlers %d were accepted, want %d", i+1, got, want)
			}
		}
		for i := range submitters {
			if id := <-g.order; id != fmt.Sprint(i) {
				t.Errorf("message %s was handled as number %d", id, i)
			}
		}
		if len(a) != submitters {
			t.Errorf("%d answers to %d messages", len(a), submitters)
		}
		if s := d.Stats(); s.Queued != 0 || s.Busy != 0 || d.Alive() != 0 {
			t.Errorf("idle, there are %+v and %d workers", s, d.Alive())
		}
	})
}

// TestWaitEnds: who does not wait any longer gets an error, and nothing of the
// message is left.
func TestWaitEnds(t *testing.T) {
	own := errors.New("the connection was lost")
	synctest.Test(t, func(t *testing.T) {
		g, a := newGate(), newAnswers()
		d := commands(&dispatcher.Config{Workers: 1, QueueSize: 1}, g.OnMessage)
		submit(t, d, message("runs", command), a)
		synctest.Wait()
		submit(t, d, message("waits", command), a)

		late, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := d.Submit(late, t.Context(), time.Now(), message("late", command), a)
		if !errors.Is(err, context.DeadlineExceeded) || qerrors.CodeOf(err) != qerrors.Timeout {
			t.Errorf("past the deadline: %v", err)
		}
		lost, end := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { end(own) })
		if err := d.Submit(lost, t.Context(), time.Now(), message("lost", command), a); !errors.Is(err, own) {
			t.Errorf("with the cause %v: %v", own, err)
		}

		g.pass <- true
		g.pass <- true
		a.next(t, "runs", success, qerrors.OK)
		a.next(t, "waits", success, qerrors.OK)
		synctest.Wait()
		a.none(t)
		if err := d.Submit(lost, t.Context(), time.Now(), message("room", command), a); err != nil {
			t.Errorf("with room in the queue nobody waits: %v", err)
		}
		g.pass <- true
		a.next(t, "room", success, qerrors.OK)
	})
}

// TestDefaults: zero and negative values stand for the defaults, and the config
// is not changed.
func TestDefaults(t *testing.T) {
	negative := dispatcher.Config{Workers: -1, QueueSize: -1, Timeout: -1}
	for _, config := range []*dispatcher.Config{nil, {}, &negative} {
		want := dispatcher.Stats{Workers: 10, QueueSize: 1000}
		if got := dispatcher.NewDispatcher(config).Stats(); got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
	if (negative != dispatcher.Config{Workers: -1, QueueSize: -1, Timeout: -1}) {
		t.Errorf("the config became %+v", negative)
	}
}

// TestNoneForgotten: a message that comes just as the last worker ends gets a
// worker. More threads than processors, and a pause that differs from message to
// message, make that moment more likely.
func TestNoneForgotten(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(8))
	d, a := commands(&dispatcher.Config{Workers: 1}, replying("x")), newAnswers()
	for i := range 30000 {
		submit(t, d, message("1", command), a)
		select {
		case <-a:
		case <-time.After(10 * time.Second):
			t.Fatalf("message %d was forgotten", i)
		}
		for range i % 50 {
			d.Stats()
		}
	}
}
