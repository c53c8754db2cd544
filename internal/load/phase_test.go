package load

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// steady returns a phase of one worker with this pace, whose messages take no time
// but for one that takes as long as stall.
func steady(spec Spec, stalled int, stall time.Duration) *phase {
	n := 0
	spec.Conns, spec.InFlight, spec.Size = 1, 1, HeaderSize
	return &phase{spec: spec, send: func(context.Context, int, []byte) error {
		if n++; n == stalled {
			time.Sleep(stall)
		}
		return nil
	}}
}

// TestStallsAreNotHidden: while one message takes a second, the thousand behind it
// become due, and all of them are late.
func TestStallsAreNotHidden(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := steady(Spec{Rate: 1000, Duration: 4 * time.Second}, 1001, time.Second)
		if took := p.work(t.Context()); took != 4*time.Second-time.Millisecond {
			t.Errorf("took %v", took)
		}
		h := p.latencies()
		if n := h.TotalCount(); n != 4000 {
			t.Errorf("%d messages, want 4000", n)
		}
		// A quarter of them were due in that second, evenly.
		for _, q := range []struct {
			quantile float64
			want     time.Duration
		}{{74.9, 0}, {87.5, 500 * time.Millisecond}, {100, time.Second}} {
			if got := time.Duration(h.ValueAtQuantile(q.quantile)); (got - q.want).Abs() > 5*time.Millisecond {
				t.Errorf("%v %% of the latencies are below %v, want %v", q.quantile, got, q.want)
			}
		}
	})
}

// TestWithoutARateOneMessageIsSlow: as fast as it goes, nothing is due meanwhile.
func TestWithoutARateOneMessageIsSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := steady(Spec{Messages: 4000}, 1001, time.Second)
		p.work(t.Context())
		h := p.latencies()
		if n, p999, slowest := h.TotalCount(), h.ValueAtQuantile(99.9), time.Duration(h.Max()); n != 4000 || p999 > 1000 || slowest < time.Second {
			t.Errorf("%d messages, p99.9 %d ns, max %v; want 4000, one of which took a second", n, p999, slowest)
		}
	})
}

func TestSchedule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		p := newPace(Spec{Rate: 3, Messages: 4})
		for place, want := range []time.Duration{0, 333333333, 666666667, time.Second} {
			due, ok := p.take(t.Context(), time.Now())
			if !ok || due.Sub(begun) != want || time.Since(begun) != want {
				t.Errorf("message %d is due after %v, and was handed out after %v; want %v", place, due.Sub(begun), time.Since(begun), want)
			}
		}
		if _, ok := p.take(t.Context(), time.Now()); ok {
			t.Error("there is a fifth message")
		}
	})
}

// TestEnd: a phase that is ended waits for what is under way, and begins nothing.
func TestEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
		defer cancel()
		var sent atomic.Int64
		p := &phase{spec: Spec{Conns: 2, InFlight: 5, Size: HeaderSize, Duration: time.Hour}, send: func(ctx context.Context, _ int, _ []byte) error {
			sent.Add(1)
			time.Sleep(time.Second)
			return ctx.Err()
		}}
		if took := p.work(ctx); took != 2*time.Second {
			t.Errorf("took %v, want 2s", took)
		}
		if errors, _ := p.failures(); sent.Load() != 20 || p.count() != 20 || errors != 0 {
			t.Errorf("sent %d, recorded %d and %d errors; want 20 of 10 workers", sent.Load(), p.count(), errors)
		}
	})
}

// TestErrors: a worker survives a few errors; after ten in a row it gives up.
func TestErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		p := &phase{spec: Spec{Conns: 1, InFlight: 1, Size: HeaderSize, Duration: time.Hour}, send: func(context.Context, int, []byte) error {
			n++
			if n%10 == 0 && n < 50 {
				return nil
			}
			return errRefused
		}}
		p.work(t.Context())
		errors, first := p.failures()
		if p.count() != 4 || errors != 4*9+10 || first != errRefused {
			t.Errorf("%d went well and %d did not, first %v; want 4 and 46", p.count(), errors, first)
		}
	})
}

// TestHubThatIsGone: what is under way waits for its answers for half a minute, and
// the rate is that of the time before.
func TestHubThatIsGone(t *testing.T) {
	for _, test := range []struct {
		gone, want time.Duration
	}{{2 * time.Second, 2 * time.Second}, {0, 0}} {
		m := newMemory()
		m.onAsk = func([]byte) error {
			if time.Since(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)) < test.gone {
				return nil
			}
			time.Sleep(30 * time.Second)
			return errRefused
		}
		do(t, m, Spec{Work: Ack, Conns: 2, InFlight: 4, Duration: 4 * time.Second}, func(t *testing.T, r Report, err error) {
			if took := time.Duration(r.Seconds * float64(time.Second)); err != nil || r.Errors != 8 || (took-test.want).Abs() > 10*time.Millisecond {
				t.Errorf("%v measured, %d errors, %v; want %v, without the time of waiting in vain, and 8", took, r.Errors, err, test.want)
			}
		})
	}
}
