package dispatcher_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/voilet/QuicFlow/pkg/dispatcher"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// behaviours is what handlers do, in a dispatcher whose timeout is a second, and
// the codes that their senders may get.
var behaviours = map[string]struct {
	do    dispatcher.HandlerFunc
	codes []qerrors.Code
}{
	"answers":       {replying("x"), []qerrors.Code{qerrors.OK}},
	"fails":         {failing(func() error { return errors.New("no") }), []qerrors.Code{qerrors.HandlerFailed, qerrors.HandlerCanceled}},
	"panics":        {failing(func() error { panic("no") }), []qerrors.Code{qerrors.HandlerPanic}},
	"goes away":     {failing(func() error { runtime.Goexit(); return nil }), []qerrors.Code{qerrors.HandlerPanic}},
	"is slow":       {sleeping(900 * time.Millisecond), []qerrors.Code{qerrors.OK}},
	"is too slow":   {sleeping(1100 * time.Millisecond), []qerrors.Code{qerrors.HandlerTimeout}},
	"just in time":  {sleeping(time.Second), []qerrors.Code{qerrors.OK, qerrors.HandlerTimeout}},
	"waits for ctx": {waiting, []qerrors.Code{qerrors.HandlerTimeout, qerrors.HandlerCanceled}},
}

func failing(f func() error) dispatcher.HandlerFunc {
	return func(context.Context, *protocol.DataMessage) (*protocol.DataMessage, error) { return nil, f() }
}

func waiting(ctx context.Context, _ *protocol.DataMessage) (*protocol.DataMessage, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// TestExactlyOnce: each message that was accepted is answered exactly once and
// with what its handler did, each one that was refused never; no more handlers run
// at once than there are workers, and nothing is left when all is done.
func TestExactlyOnce(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) { rapid.SyncTest(rt, exactlyOnce) })
}

func exactlyOnce(t *rapid.T) {
	config := &dispatcher.Config{
		Workers: rapid.IntRange(1, 4).Draw(t, "workers"), QueueSize: rapid.IntRange(1, 4).Draw(t, "queue"),
		Timeout: time.Second, Logger: slog.New(slog.DiscardHandler),
	}
	var running atomic.Int32
	d := commands(config, func(ctx context.Context, m *protocol.DataMessage) (*protocol.DataMessage, error) {
		if n := int(running.Add(1)); n > config.Workers {
			t.Errorf("%d handlers run on %d workers", n, config.Workers)
		}
		defer running.Add(-1)
		return behaviours[m.SenderId].do(ctx, m)
	})
	base, stop := context.WithCancel(context.Background())
	defer stop()
	names := slices.Sorted(maps.Keys(behaviours))
	a := newAnswers()
	want := map[string]string{} // behaviour by id, of those accepted
	var mu sync.Mutex
	var wg sync.WaitGroup
	for i := range rapid.IntRange(0, 25).Draw(t, "messages") {
		id := fmt.Sprint(i)
		m := within(id, rapid.SampledFrom([]uint32{0, 0, 0, 500, 3000}).Draw(t, "sender waits, ms"))
		behaviour := rapid.SampledFrom(names).Draw(t, "behaviour")
		m.SenderId = behaviour
		patience := time.Duration(rapid.IntRange(0, 4).Draw(t, "patience, s")) * time.Second
		wg.Go(func() {
			wait, cancel := context.WithTimeout(context.Background(), patience)
			defer cancel()
			if d.Submit(wait, base, time.Now(), m, a) == nil {
				mu.Lock()
				want[id] = behaviour
				mu.Unlock()
			}
		})
		time.Sleep(time.Duration(rapid.IntRange(0, 300).Draw(t, "pause, ms")) * time.Millisecond)
	}
	if rapid.Bool().Draw(t, "stops early") {
		stop()
	}
	wg.Wait()
	time.Sleep(time.Minute)
	if len(a) != len(want) || d.Alive() != 0 || d.Stats().Busy != 0 {
		t.Fatalf("%d answers to %d messages, %d workers are left", len(a), len(want), d.Alive())
	}
	for range len(a) {
		got := <-a
		behaviour, ok := want[got.MsgId]
		if !ok {
			t.Fatalf("message %s was answered twice, or was refused", got.MsgId)
		}
		delete(want, got.MsgId)
		code := qerrors.Code(got.Code)
		if !slices.Contains(append(behaviours[behaviour].codes, qerrors.DeadlinePassed, qerrors.HandlerCanceled), code) {
			t.Errorf("the handler %s, the answer is %v", behaviour, code)
		}
	}
}
