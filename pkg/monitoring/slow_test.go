package monitoring_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/voilet/QuicFlow/pkg/monitoring"
)

// bound is how many events may wait before those about messages are dropped.
const bound = 8192

// TestSlowHook: events are reported without waiting for a hook; past the bound
// those about messages are dropped and counted, and never those about connections.
func TestSlowHook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls []string
		hooks := recording(&calls)
		release := make(chan bool)
		hooks.OnHeartbeatTimeout = func(string) { <-release }
		e, metrics := newEvents(hooks)
		e.HeartbeatTimeout("slow")
		synctest.Wait()
		const over = 100
		for i := range bound + over {
			switch i % 3 {
			case 0:
				e.MessageSent("m", "c", nil)
			case 1:
				e.MessageReceived("m", "c")
			case 2:
				e.PromiseTimeout("m", "c")
			}
		}
		want := bound
		if dropped := metrics.EventsDropped.Load(); dropped != over {
			t.Errorf("%d events were dropped, want %d", dropped, over)
		}
		for range over {
			e.Connect("c")
			e.Disconnect("c", nil)
			e.Reconnect("c", 1)
			e.Broadcast("m", 1, 1)
			e.Error(nil)
		}
		want += 1 + 5*over // the news of what was dropped, and those about connections
		if dropped := metrics.EventsDropped.Load(); dropped != over {
			t.Errorf("%d events were dropped, want still %d", dropped, over)
		}
		if len(calls) != 0 {
			t.Errorf("%d hooks were called beside the slow one", len(calls))
		}
		close(release)
		wait(t, e)
		if len(calls) != want {
			t.Errorf("%d hooks were called, want %d", len(calls), want)
		}
		if calls[bound] != "dropped 100 0" {
			t.Errorf("in the place of what was dropped: %q", calls[bound])
		}
		e.MessageReceived("m", "c")
		wait(t, e)
		if len(calls) != want+1 {
			t.Error("an event was dropped after the others were told")
		}
	})
}

// TestDroppedLast: what was dropped is told though no event comes after it.
func TestDroppedLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls []string
		hooks := recording(&calls)
		release := make(chan bool)
		hooks.OnHeartbeatTimeout = func(string) { <-release }
		e, _ := newEvents(hooks)
		e.HeartbeatTimeout("slow")
		synctest.Wait()
		for range 16*bound + 2 {
			e.Connect("c")
		}
		e.MessageReceived("m", "c")
		close(release)
		wait(t, e)
		if last := calls[len(calls)-1]; len(calls) != 16*bound+1 || last != "dropped 1 2" {
			t.Errorf("%d hooks were called, the last as %q", len(calls), last)
		}
	})
}

// TestWait: it returns when all was told, or when its ctx ends.
func TestWait(t *testing.T) {
	own := errors.New("enough")
	synctest.Test(t, func(t *testing.T) {
		told := 0
		e, _ := newEvents(&monitoring.EventHooks{OnConnect: func(string) { time.Sleep(time.Minute); told++ }})
		wait(t, e)
		for range 3 {
			e.Connect("c")
		}
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(own) })
		if err := e.Wait(ctx); err != own {
			t.Errorf("Wait returned %v, want the cause of its ctx", err)
		}
		waited := make(chan int)
		for range 2 {
			go func() {
				wait(t, e)
				waited <- told
			}()
		}
		for range 2 {
			if n := <-waited; n != 3 {
				t.Errorf("Wait returned after %d of 3", n)
			}
		}
		if err := e.Wait(ctx); err != nil {
			t.Errorf("with nothing to wait for: %v", err)
		}
	})
}
