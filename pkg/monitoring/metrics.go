package monitoring

import (
	"sync/atomic"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// Metrics counts what happens to one client or server. All fields may be used
// from any goroutine; the zero value is ready.
type Metrics struct {
	MessagesSent     atomic.Uint64 // data messages given to the transport's queue
	MessagesReceived atomic.Uint64 // data messages that arrived
	Reconnects       atomic.Uint64 // connections of a client after its first
	EventsDropped    atomic.Uint64 // events that a slow hook was not told of

	Dropped      ByCode // messages lost, by reason
	Refused      ByCode // connections that never became a session, by reason
	Disconnected ByCode // sessions that ended, by reason
	Failed       ByCode // received messages whose handling failed, by reason
}

// ByCode is a counter for each code.
type ByCode struct {
	counts [qerrors.NumCodes]atomic.Uint64
}

// Add adds n to the counter of code. A code that this version does not know
// counts as Internal, so that no peer can make new labels.
func (c *ByCode) Add(code qerrors.Code, n uint64) {
	if !code.Valid() {
		code = qerrors.Internal
	}
	c.counts[code].Add(n)
}

// Snapshot returns the counters that are not zero.
func (c *ByCode) Snapshot() map[qerrors.Code]uint64 {
	counts := make(map[qerrors.Code]uint64)
	for code := range c.counts {
		if n := c.counts[code].Load(); n > 0 {
			counts[qerrors.Code(code)] = n
		}
	}
	return counts
}

// Snapshot is the state of Metrics at one time.
type Snapshot struct {
	MessagesSent, MessagesReceived, Reconnects, EventsDropped uint64

	Dropped, Refused, Disconnected, Failed map[qerrors.Code]uint64
}

// Snapshot reads all counters. They are read one after another, so that sums may
// be off by what happens meanwhile.
func (m *Metrics) Snapshot() Snapshot {
	return Snapshot{
		MessagesSent:     m.MessagesSent.Load(),
		MessagesReceived: m.MessagesReceived.Load(),
		Reconnects:       m.Reconnects.Load(),
		EventsDropped:    m.EventsDropped.Load(),
		Dropped:          m.Dropped.Snapshot(),
		Refused:          m.Refused.Snapshot(),
		Disconnected:     m.Disconnected.Snapshot(),
		Failed:           m.Failed.Snapshot(),
	}
}
