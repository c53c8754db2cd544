package link

import (
	"github.com/voilet/QuicFlow/internal/wire"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// ack accepts an acknowledgement. It never waits: the readers do, so that a peer
// which does not read its acknowledgements is not served more requests. With more,
// others are about to come, and uncork after them.
func (o *outbox) ack(a *protocol.AckMessage, more bool) error {
	size := wire.AckSize(a)
	o.mu.Lock()
	defer o.mu.Unlock()
	if closed := o.budgets[acks].closed; closed != nil {
		return closed
	}
	if size > wire.LargeFrame {
		frame, err := wire.AppendAck(nil, a, size)
		if err != nil {
			return err
		}
		o.addLarge(&o.largeAcks, largeFrame{frame, acks, 0})
		o.unseen.addLarge(a)
	} else {
		before := o.lanes[acks].reserve(size)
		after, err := wire.AppendAck(before, a, size)
		if err = o.appended(acks, before, after, err); err != nil {
			return err
		}
		if !more || len(after) > maxCorked {
			o.start(acks)
		}
		o.unseen.add(a)
	}
	o.acksSent++
	return nil
}

// maxCorked is how many bytes of acknowledgements wait for more of them: what a
// packet holds can be written without waiting.
const maxCorked = 1200

// uncork sends the acknowledgements that wait for more, from the goroutine of the
// caller if they are few: to start one costs as much as to write them.
func (o *outbox) uncork() {
	l := &o.lanes[acks]
	o.mu.Lock()
	if l.buf == nil || l.flushing {
		o.mu.Unlock()
		return
	}
	l.flushing = true
	o.mu.Unlock()
	if buf, silent := o.take(l); buf != nil && o.send(l, acks, buf, silent) {
		o.handOn(acks)
	}
}

// sentAcks returns how many acknowledgements were accepted.
func (o *outbox) sentAcks() uint64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.acksSent
}

// Said returns how many messages and acknowledgements were accepted.
func (l *Link) Said() uint64 {
	l.out.mu.Lock()
	defer l.out.mu.Unlock()
	return l.out.dataSent + l.out.acksSent
}
