package dispatcher_test

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/voilet/QuicFlow/pkg/dispatcher"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// notes is a Reader that knows which tasks are slow, but for those that were answered. It
// has nothing to go on with.
type notes struct {
	mu   sync.Mutex
	slow map[*dispatcher.Task]bool
}

func (n *notes) GoOn()   {}
func (n *notes) Rested() {}

func (n *notes) Slow(t *dispatcher.Task) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.slow[t] = true
}

func (n *notes) Late(t *dispatcher.Task) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.slow, t)
}

// TestSlowAndNotTheLast: a message that turns out to be slow on the goroutine of its reader is
// done with when it is answered, however long those with its key take that come behind it, and
// however they end.
func TestSlowAndNotTheLast(t *testing.T) {
	for name, behind := range map[string]func(){
		"a slow one":                  func() { time.Sleep(time.Minute) },
		"one that ends its goroutine": runtime.Goexit,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, n, order := newAnswers(), &notes{slow: map[*dispatcher.Task]bool{}}, new(dispatcher.Order)
				d := commands(&dispatcher.Config{Timeout: time.Hour}, func(_ context.Context, m *protocol.DataMessage) (*protocol.DataMessage, error) {
					switch m.MsgId {
					case "first":
						time.Sleep(time.Second)
					case "second":
						behind()
					}
					return nil, nil
				})
				task := func(id string) *dispatcher.Task {
					m := message(id, command)
					m.OrderingKey = "key"
					return d.NewTask(context.Background(), time.Now(), m, order, a)
				}
				for i := range learn {
					submit(t, d, message(fmt.Sprint(i), command), a)
					<-a
				}
				synctest.Wait()
				first := task("first")
				go func() { _, _ = dispatcher.NewIntake(n).Submit(d, context.Background(), first) }()
				time.Sleep(time.Second / 2)
				if err := d.Enqueue(context.Background(), task("second")); err != nil {
					t.Fatal(err)
				}
				if got := a.next(t, "first", success, qerrors.OK); got.More {
					t.Error("the answer to the first says that there is more, and nobody says when that has come")
				}
				time.Sleep(time.Hour)
				<-a
				n.mu.Lock()
				defer n.mu.Unlock()
				if n.slow[first] {
					t.Error("the first is answered, and still counts as slow")
				}
			})
		})
	}
}
