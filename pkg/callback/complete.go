package callback

import (
	"time"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// together is how many acknowledgements are matched with one look at the table.
const together = 32

// Complete hands acknowledgements that have arrived at the same time to the promises that wait for
// them, and returns how many did. One that says that the receiver has forgotten whether it
// has handled the message is an error to the sender.
func (t *Table) Complete(at time.Time, acks ...*protocol.AckMessage) (found int) {
	var promises [together]*Promise
	for len(acks) > 0 {
		some := acks[:min(together, len(acks))]
		acks = acks[len(some):]
		t.match(some, &promises)
		t.manager.acknowledged(some, &promises)
		for i, p := range promises[:len(some)] {
			if p != nil {
				found++
				p.acknowledge(some[i], at)
			}
		}
	}
	return found
}

func (t *Table) match(acks []*protocol.AckMessage, promises *[together]*Promise) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i, ack := range acks {
		if promises[i] = t.waiting.take(ack.Number); promises[i] == nil {
			t.abandoned.remove(ack.Number)
		}
	}
}

// acknowledged counts the promises that acks are for, all at once, before anybody learns of them: those
// who send at the same time count, too, and each has to wait for the other's processor.
func (m *Manager) acknowledged(acks []*protocol.AckMessage, promises *[together]*Promise) {
	var all, completed, timedOut uint64
	for i, ack := range acks {
		if promises[i] == nil {
			continue
		}
		all++
		switch {
		case ack.Status == protocol.AckStatus_ACK_STATUS_TIMEOUT: // which of both sides notices first is chance
			timedOut++
		case !forgotten(ack):
			completed++
		}
	}
	m.active.Add(-int64(all))
	m.completed.Add(completed)
	if all > completed {
		m.timedOut.Add(timedOut)
		m.lost.Add(all - completed - timedOut)
	}
}

// forgotten reports whether the receiver no longer knows if it has handled the message.
func forgotten(ack *protocol.AckMessage) bool { return ack.Code == uint32(qerrors.Forgotten) }

func (p *Promise) acknowledge(ack *protocol.AckMessage, at time.Time) {
	if forgotten(ack) {
		p.finish(nil, qerrors.Unknown(&qerrors.Error{Code: qerrors.Forgotten, Message: ack.Error, Remote: true}), at)
		return
	}
	ack.MsgId = p.MessageID()
	p.finish(ack, nil, at)
}

// fail completes a promise with err: what became of its message is unknown.
func (p *Promise) fail(err error, at time.Time) {
	p.table.manager.failed(qerrors.CodeOf(err))
	p.finish(nil, qerrors.Unknown(err), at)
}

// finish is called exactly once, by whoever took p out of its table. Nobody but who
// waits may touch p afterwards.
func (p *Promise) finish(ack *protocol.AckMessage, err error, at time.Time) {
	p.ack, p.err = ack, err
	if p.table.hooks.Done != nil {
		p.table.hooks.Done(p, ack, err, at)
	}
	if p.sent.OnDone != nil {
		p.sent.OnDone(p, ack, err, at)
	}
	if p.lent {
		p.done <- struct{}{} // for which there is room
	} else {
		close(p.done)
	}
}
