package monitoring_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/voilet/QuicFlow/pkg/monitoring"
)

// TestConcurrentEvents: hooks run one after another, and the events of each
// goroutine in their order.
func TestConcurrentEvents(t *testing.T) {
	const reporters, times = 8, 500
	next := map[string]int{} // no lock: the race detector sees hooks that run at once
	e, metrics := newEvents(&monitoring.EventHooks{OnReconnect: func(id string, attempts int) {
		if next[id] != attempts {
			t.Errorf("%s is told of event %d, want %d", id, attempts, next[id])
		}
		next[id]++
	}})
	var wg sync.WaitGroup
	for r := range reporters {
		wg.Go(func() {
			for i := range times {
				e.Reconnect(fmt.Sprint(r), i)
				if i%100 == 0 {
					wait(t, e)
				}
			}
		})
	}
	wg.Wait()
	wait(t, e)
	if len(next) != reporters || metrics.EventsDropped.Load() != 0 {
		t.Errorf("%d of %d were heard, %d events dropped", len(next), reporters, metrics.EventsDropped.Load())
	}
	for id, n := range next {
		if n != times {
			t.Errorf("%s was told of %d events, want %d", id, n, times)
		}
	}
}

// TestHookReports: a hook may report events itself.
func TestHookReports(t *testing.T) {
	var calls []string
	hooks := recording(&calls)
	var e *monitoring.Events
	hooks.OnConnect = func(id string) {
		if len(calls) < 5 {
			e.MessageReceived("m", id)
			e.Connect(id)
		}
	}
	e, _ = newEvents(hooks)
	e.Connect("c")
	wait(t, e)
	if len(calls) != 5 {
		t.Errorf("calls: %q", calls)
	}
}
