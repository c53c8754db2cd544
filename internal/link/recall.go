package link

import (
	"github.com/voilet/QuicFlow/pkg/dispatcher"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// remember notes a message of l that is not handled at once.
func (v *Conversation) remember(l *Link, t *dispatcher.Task) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if l.epoch == v.epochs {
		v.memory.begin(t)
	}
	if v.early.take(t.Number()) {
		t.Cancel()
	}
}

// answer sends the acknowledgement of a message that came on l, or keeps it until the
// message is sent again.
func (v *Conversation) answer(l *Link, o dispatcher.Outcome, ack *protocol.AckMessage) {
	if !o.Wanted {
		return
	}
	if o.Task == nil || v.memory.running.Load() == 0 { // nil was refused, and no handler is at work
		if l.out.ack(ack, o.More) != nil {
			v.mu.Lock()
			defer v.mu.Unlock()
			v.keep(l, ack)
		}
		return
	}
	v.mu.Lock()
	to, more := l, o.More
	if h := v.memory.end(o.Task); h != nil && h.again != nil {
		to, more = h.again, false
	}
	v.deliver(to, ack, more)
	v.mu.Unlock()
	if to != l {
		to.handledOne()
	}
}

// deliver sends an acknowledgement on l, or keeps it. It is called with mu held.
func (v *Conversation) deliver(l *Link, ack *protocol.AckMessage, more bool) {
	if l.out.ack(ack, more) != nil {
		v.keep(l, ack)
	}
}

// keep keeps an answer that could not be sent on l. It is called with mu held.
func (v *Conversation) keep(l *Link, ack *protocol.AckMessage) {
	if l.epoch == v.epochs {
		v.memory.keep(answerOf(ack))
	}
}

// late is told that a task has been answered that may have been remembered after that.
func (v *Conversation) late(t *dispatcher.Task) {
	v.mu.Lock()
	h := v.memory.end(t)
	if h == nil || h.again == nil {
		v.mu.Unlock()
		return
	}
	ack := v.memory.take(t.Number())
	if ack == nil {
		ack = forgotten(t.Number()) // there was no room to keep it
	}
	v.deliver(h.again, ack, false)
	v.mu.Unlock()
	h.again.handledOne()
}

// repeated reports whether m, which was sent on an earlier connection and now on l, had
// been received: then it is answered from memory, or when its handler has ended.
func (v *Conversation) repeated(l *Link, m *protocol.DataMessage) (bool, error) {
	v.mu.Lock()
	ack := v.memory.take(m.Number)
	if h := v.memory.handling[m.Number]; ack == nil && h != nil {
		defer v.mu.Unlock()
		if h.again == l {
			return true, qerrors.New(qerrors.ProtocolViolation, "message %d was sent again twice", m.Number)
		}
		h.again = l
		l.out.unanswered.Add(1)
		return true, nil
	}
	if ack == nil && m.Number <= v.memory.forgotten {
		ack = forgotten(m.Number)
	}
	if ack == nil {
		v.mu.Unlock()
		return false, nil
	}
	l.out.unanswered.Add(1)
	v.deliver(l, ack, false)
	v.mu.Unlock()
	l.handledOne()
	return true, nil
}
