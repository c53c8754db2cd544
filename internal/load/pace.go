package load

import (
	"context"
	"math"
	"sync/atomic"
	"time"
)

// pace hands out messages to the workers of a phase, each with the time at which
// it is due.
//
// With a rate that is its place in a schedule, whenever a worker is free for it: if
// the hub stalls, the messages that should have been sent meanwhile are late, and
// their latency is that from their due time. Measured from the time of sending, a
// stall of a second would be one slow message for each worker, however many were
// due.
type pace struct {
	begun    time.Time
	limit    int64 // of messages; 0 is none
	end      time.Time
	interval float64 // between two messages, in nanoseconds; 0 has no schedule
	taken    atomic.Int64
}

func newPace(s Spec) *pace {
	p := &pace{begun: time.Now(), limit: s.Messages}
	if s.Duration > 0 {
		p.end = p.begun.Add(s.Duration)
	}
	if s.Rate > 0 {
		p.interval = float64(time.Second) / float64(s.Rate)
	}
	return p
}

// take waits for the next message to be due and returns when that is. It returns
// false when there is none, or ctx has ended. now is the time, which the caller has
// just looked at.
func (p *pace) take(ctx context.Context, now time.Time) (due time.Time, ok bool) {
	place := p.taken.Add(1) - 1
	if p.limit > 0 && place >= p.limit {
		return due, false
	}
	due = now
	if p.interval > 0 {
		due = p.begun.Add(time.Duration(math.Round(float64(place) * p.interval)))
	}
	if !p.end.IsZero() && !due.Before(p.end) || ctx.Err() != nil {
		return due, false
	}
	if wait := due.Sub(now); wait > 0 {
		return due, sleep(ctx, wait)
	}
	return due, true
}

// sleep reports whether ctx has let it sleep for as long.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
