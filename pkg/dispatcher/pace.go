package dispatcher

import (
	"sync/atomic"
	"time"

	"github.com/voilet/QuicFlow/pkg/protocol"
)

// pace is how long the handlers of each type take, as a moving average.
type pace [numKinds]atomic.Int64 // nanoseconds

const (
	numKinds = 4 // those that there are, and one for all others

	quickHandler = 25 * time.Microsecond // handing over costs less than a twentieth of a slower one's time
	slowHandler  = time.Millisecond      // counts for no more, since also the machine may have paused
	weight       = 32                    // of the past
)

func (p *pace) of(kind protocol.MessageType) *atomic.Int64 {
	if kind < 0 || kind >= numKinds {
		kind = 0
	}
	return &p[kind]
}

func (p *pace) quick(kind protocol.MessageType) bool { return p.of(kind).Load() < int64(quickHandler) }

// observe counts a handler that took some time. That two at once may lose one of
// both is no harm.
func (p *pace) observe(kind protocol.MessageType, took time.Duration) {
	mean := p.of(kind)
	before := mean.Load()
	if after := before + (int64(min(took, slowHandler))-before)/weight; after != before {
		mean.Store(after)
	}
}

// reset makes all handlers count as slow until they have shown that they are not.
func (p *pace) reset() {
	for i := range p {
		p[i].Store(int64(slowHandler))
	}
}
