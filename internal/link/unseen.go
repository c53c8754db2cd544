package link

import (
	"slices"

	"github.com/voilet/QuicFlow/pkg/protocol"
)

// unseen are the acknowledgements on a connection of which the peer has not said that
// it has them: if the connection ends, it may ask for them on the next. The peer counts
// those of the lane, which come in order, and names the large ones. The outbox's mutex
// guards it.
type unseen struct {
	acks  []*protocol.AckMessage // of the lane, the oldest first
	count uint64                 // of the lane that were seen
	large map[string]*protocol.AckMessage
}

func (u *unseen) add(a *protocol.AckMessage) { u.acks = append(u.acks, a) }

func (u *unseen) addLarge(a *protocol.AckMessage) {
	if u.large == nil {
		u.large = make(map[string]*protocol.AckMessage)
	}
	u.large[a.MsgId] = a
}

// keptUnseen is room for how many is kept when there are none: an idle connection has
// no use for more.
const keptUnseen = 64

// seen notes that the peer has received so many of the lane.
func (u *unseen) seen(count uint64) {
	if count <= u.count {
		return // it came late
	}
	n := int(min(count-u.count, uint64(len(u.acks))))
	u.count += uint64(n)
	u.acks = slices.Delete(u.acks, 0, n)
	if len(u.acks) == 0 && cap(u.acks) > keptUnseen {
		u.acks = nil
	}
}

// all returns them.
func (u *unseen) all() []*protocol.AckMessage {
	all := u.acks
	for _, a := range u.large {
		all = append(all, a)
	}
	return all
}

// seen is told by the peer how many acknowledgements of the lane it has received.
func (o *outbox) seen(count uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.unseen.seen(count)
}

// seenLarge is told by the peer that it has received a large one.
func (o *outbox) seenLarge(id string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.unseen.large, id)
}

// reportAcks is after how many acknowledgements this side says that it has them.
const reportAcks = 32

// report returns how many acknowledgements have come that the peer does not know of,
// if there are enough, or at once if asked for.
func (l *Link) report(now bool) uint64 {
	count, said := l.acksSeen.Load(), l.acksReported.Load()
	if count == said || !now && count-said < reportAcks || !l.acksReported.CompareAndSwap(said, count) {
		return 0
	}
	return count
}
