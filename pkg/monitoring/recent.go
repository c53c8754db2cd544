package monitoring

import (
	"sync"
	"time"
)

// Recent is what happened lately: since the reading that was made about a minute
// before, or since the beginning. So it takes no work between two readings, and
// who reads once an hour learns about the hour.
type Recent struct {
	Over              time.Duration // how long that is
	SentPerSecond     float64       // data messages
	ReceivedPerSecond float64
	Latency           Distribution // acknowledged round trips of all types
}

const (
	recentWindow = time.Minute
	// recentStep is how long a reading serves as the latest: many readers together
	// must not make many points.
	recentStep = recentWindow / 12
)

// point is a reading.
type point struct {
	at             time.Time
	sent, received uint64
	roundTrips     *counted
}

// recent remembers readings of the last minute, and one from before.
type recent struct {
	mu     sync.Mutex
	points []point // in order
}

// until returns what happened before now, and remembers it.
func (r *recent) until(now point, begun time.Time) Recent {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.points) == 0 {
		r.points = []point{{at: begun, roundTrips: new(counted)}}
	}
	for len(r.points) > 1 && now.at.Sub(r.points[1].at) >= recentWindow {
		r.points = r.points[1:]
	}
	first := r.points[0]
	if now.at.Sub(r.points[len(r.points)-1].at) >= recentStep {
		r.points = append(r.points, now)
	}
	out := Recent{Over: now.at.Sub(first.at), Latency: now.roundTrips.since(first.roundTrips).distribution()}
	if seconds := out.Over.Seconds(); seconds > 0 {
		out.SentPerSecond = float64(now.sent-first.sent) / seconds
		out.ReceivedPerSecond = float64(now.received-first.received) / seconds
	}
	return out
}
