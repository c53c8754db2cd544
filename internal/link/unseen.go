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
	sent      uint64 // acknowledgements on the lane so far
	acks      []owed // of the lane, the oldest first; those before head are gone
	head      int
	large     map[uint64]answer
	weight    int    // of them all
	forgotten uint64 // the highest number of those that there was no room for
}

// owed is an acknowledgement, and its own number on the lane.
type owed struct {
	at uint64
	answer
}

// The bound of what is remembered of one session while it has a connection, and of as much
// afterwards. It is for peers that do not say what they have, and for those that do not
// come back.
const maxWeight = 32 << 20

// add notes one of the lane. One without a number is of a peer that does not ask.
func (u *unseen) add(a *protocol.AckMessage) {
	u.sent++
	if a.Number > 0 {
		o := owed{u.sent, answerOf(a)}
		u.makeRoom(o.weight())
		u.acks = append(u.acks, o)
	}
}

func (u *unseen) addLarge(a *protocol.AckMessage) {
	if _, there := u.large[a.Number]; there || a.Number == 0 {
		return
	}
	large := answerOf(a)
	u.makeRoom(large.weight())
	if u.large == nil {
		u.large = make(map[uint64]answer)
	}
	u.large[a.Number] = large
}

// makeRoom forgets the oldest until there is room for so much, and takes it. There always
// is for one.
func (u *unseen) makeRoom(weight int) {
	u.weight += weight
	for u.weight > maxWeight && u.head < len(u.acks) {
		u.forgotten = max(u.forgotten, u.acks[u.head].number)
		u.drop()
	}
	u.compact()
	for number := range u.large {
		if u.weight <= maxWeight {
			return
		}
		u.forgotten = max(u.forgotten, number)
		u.seenLarge(number)
	}
}

// seen notes that the peer has received so many of the lane.
func (u *unseen) seen(count uint64) {
	for u.head < len(u.acks) && u.acks[u.head].at <= count {
		u.drop()
	}
	u.compact()
}

// drop forgets the oldest.
func (u *unseen) drop() {
	u.weight -= u.acks[u.head].weight()
	u.acks[u.head] = owed{}
	u.head++
}

// compact makes use of the room of those that are gone. It moves no more than have gone since
// the last time, however many there are.
func (u *unseen) compact() {
	if 2*u.head >= len(u.acks) {
		u.acks, u.head = slices.Delete(u.acks, 0, u.head), 0
	}
}

func (u *unseen) seenLarge(number uint64) {
	if a, there := u.large[number]; there {
		delete(u.large, number)
		u.weight -= a.weight()
	}
}

// rest gives the room back that a connection with no acknowledgements under way has no use for.
func (u *unseen) rest() {
	if len(u.acks) == 0 {
		u.acks = nil
	}
}

// seen is told by the peer how many acknowledgements of the lane it has received, and the
// number of a large one that it has; 0 says nothing.
func (o *outbox) seen(count, large uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.unseen.seen(count)
	o.unseen.seenLarge(large)
}

// seenSoFar is seen with a heartbeat.
func (o *outbox) seenSoFar(count uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.unseen.seen(count)
	o.unseen.rest()
}

// After how many acknowledgements this side says that it has them: with a message that it
// sends anyway, or by itself.
const (
	reportAcks = 32
	tellAcks   = 1024
)

// report returns how many acknowledgements have come, if there are enough that the peer was
// not told of; else 0.
func (l *Link) report() uint64 {
	count, said := l.acksSeen.Load(), l.acksReported.Load()
	if count-said < reportAcks {
		return 0
	}
	l.acksReported.Store(count)
	return count
}

// count counts acknowledgements of the lane that have come together. It tells the peer if
// nothing else has for long, unless that does not read what it is sent.
func (l *Link) count(n uint64) {
	count := l.acksSeen.Add(n)
	if count-l.acksReported.Load() >= tellAcks && !l.out.full.Load() {
		l.acksReported.Store(count)
		l.out.control(&protocol.Frame{Kind: &protocol.Frame_Seen{Seen: &protocol.Seen{AcksSeen: count}}})
	}
}
