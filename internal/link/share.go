package link

import (
	"fmt"
	"sync/atomic"

	"github.com/voilet/QuicFlow/pkg/monitoring"
)

// shareStep is how much may wait on a connection before it counts, and the steps in which
// it counts from there on: one counter that all connections wrote to with each message
// would cost more than the rest of the message.
const shareStep = 16 << 10

// share bounds what waits to be sent on all connections together. When it is used up,
// connections on which something waits already take no more; those that keep up do not notice.
type share struct {
	limit int64 // 0 for none
	used  atomic.Int64
}

func (s *share) over() bool { return s.limit > 0 && s.used.Load() >= s.limit }

// charge accounts for what waits on this connection by now. It is called with mu held.
func (o *outbox) charge(n int) {
	o.waiting += n
	charged := o.waiting / shareStep * shareStep
	if o.left {
		charged = 0
	}
	if charged != o.charged {
		o.share.used.Add(int64(charged - o.charged))
		o.charged = charged
	}
}

// crowded reports whether b may take nothing more because of what waits elsewhere as
// well. It is called with mu held.
func (o *outbox) crowded(b *budget) bool { return b.used > 0 && o.charged > 0 && o.share.over() }

// leave gives back what the connection has used, as it has ended. It is called with mu held.
func (o *outbox) leave() {
	o.left = true
	o.charge(0)
}

// elsewhere is what an error says if the share is in the way, and not the queue of the peer.
func (o *outbox) elsewhere(b *budget) string {
	if b.used >= b.limit || !o.crowded(b) {
		return ""
	}
	return fmt.Sprintf(", and %d to all (MaxQueueBytesTotal, -max-queue-total)", o.share.used.Load())
}

// limited counts a message that was not sent, or an answer that waits, because of the
// share.
func (o *outbox) limited(b *budget) {
	if b.used < b.limit && o.crowded(b) {
		o.metrics.Limited.Add(monitoring.LimitQueues)
	}
}

// Queued returns what waits on all links, as far as it counts for MaxQueueBytesTotal.
func (c *Config) Queued() int64 { return c.share.used.Load() }
