package link

import (
	"iter"
	"slices"

	"github.com/voilet/QuicFlow/pkg/protocol"
)

// unseen are the acknowledgements on a connection of which the peer has not said that
// it has them: if the connection ends, it may ask for them on the next. The peer counts
// those of the lane, which come in order, and names the large ones. The outbox's mutex
// guards it.
type unseen struct {
	acks   []*protocol.AckMessage // of the lane, the oldest first
	count  uint64                 // of the lane that were seen, or forgotten
	large  map[string]*protocol.AckMessage
	bytes  int  // of their results
	forgot bool // there were more than is kept, because the peer does not say what it has
}

func (u *unseen) add(a *protocol.AckMessage) {
	if len(u.acks) >= maxAnswers || u.bytes+len(a.Result) > maxAnswerBytes {
		u.forget()
	}
	u.acks = append(u.acks, a)
	u.bytes += len(a.Result)
}

func (u *unseen) addLarge(a *protocol.AckMessage) {
	if len(u.large) >= maxAnswers || u.bytes+len(a.Result) > maxAnswerBytes {
		u.forget()
	}
	if u.large == nil {
		u.large = make(map[string]*protocol.AckMessage)
	}
	u.removeLarge(a.MsgId)
	u.large[a.MsgId] = a
	u.bytes += len(a.Result)
}

func (u *unseen) removeLarge(id string) {
	if a := u.large[id]; a != nil {
		delete(u.large, id)
		u.bytes -= len(a.Result)
	}
}

// forget forgets them all.
func (u *unseen) forget() {
	u.count += uint64(len(u.acks))
	u.acks, u.large, u.bytes, u.forgot = nil, nil, 0, true
}

// seen notes that the peer has received so many of the lane.
func (u *unseen) seen(count uint64) {
	if count <= u.count {
		return // it came late
	}
	n := int(min(count-u.count, uint64(len(u.acks))))
	u.count += uint64(n)
	for _, a := range u.acks[:n] {
		u.bytes -= len(a.Result)
	}
	u.acks = slices.Delete(u.acks, 0, n)
	if len(u.acks) == 0 {
		u.acks = nil // an idle connection has no use for the room
	}
}

// all has them, the oldest first, but for the large ones.
func (u *unseen) all() iter.Seq[*protocol.AckMessage] {
	return func(yield func(*protocol.AckMessage) bool) {
		for _, a := range u.acks {
			if !yield(a) {
				return
			}
		}
		for _, a := range u.large {
			if !yield(a) {
				return
			}
		}
	}
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
	o.unseen.removeLarge(id)
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
