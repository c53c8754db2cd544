package link

import (
	"sync/atomic"
	"time"

	"github.com/voilet/QuicFlow/pkg/dispatcher"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// memory is what one side remembers of the peer's messages, so that one which is sent
// again, on the next connection, is not handled again. The conversation's mutex guards
// it. Answers on a connection that lives are with its outbox.
type memory struct {
	running  atomic.Int32         // the length of handling, for those who do not hold the mutex
	kept     atomic.Int32         // that of answers
	handling map[string]*handling // messages that wait for a worker, or whose handlers are slow
	answers  map[string]answer    // given on earlier connections, and perhaps not received
	bytes    int                  // of their results
	forgot   bool                 // an answer that may be asked for is not here any more
}

// handling is a message that is not answered yet.
type handling struct {
	task  *dispatcher.Task
	again *Link // where it was sent again
}

type answer struct {
	ack *protocol.AckMessage
	at  time.Time
}

// The bounds of what is remembered of one session. They are for peers that do not say
// what they have, and for those that never ask: who goes on with a session asks for all
// of it at once, soon after the connection was lost.
const (
	maxAnswers     = 1 << 14
	maxAnswerBytes = 16 << 20 // of results; more than all that can wait to be sent
	keepAnswers    = 10 * time.Minute
)

// reset forgets everything: the peer has another session, and never asks.
func (m *memory) reset() {
	m.handling, m.answers, m.bytes, m.forgot = nil, nil, 0, false
	m.running.Store(0)
	m.kept.Store(0)
}

func (m *memory) keep(ack *protocol.AckMessage, now time.Time) {
	if m.answers == nil {
		m.answers = make(map[string]answer)
	}
	if m.full(ack) {
		m.expire(now)
	}
	if m.full(ack) {
		m.forgot = true
		return
	}
	m.take(ack.MsgId)
	// A copy, because the acknowledgement may be a part of its task, which knows the
	// link, and all that would stay in memory.
	m.answers[ack.MsgId] = answer{&protocol.AckMessage{
		MsgId: ack.MsgId, Status: ack.Status, Result: ack.Result, Error: ack.Error, Code: ack.Code,
	}, now}
	m.bytes += len(ack.Result)
	m.kept.Store(int32(len(m.answers)))
}

// full reports whether there is no room for ack. There always is for one.
func (m *memory) full(ack *protocol.AckMessage) bool {
	return len(m.answers) >= maxAnswers || len(m.answers) > 0 && m.bytes+len(ack.Result) > maxAnswerBytes
}

// expire forgets what is too old to be asked for.
func (m *memory) expire(now time.Time) {
	for id, a := range m.answers {
		if now.Sub(a.at) > keepAnswers {
			m.take(id)
			m.forgot = true
		}
	}
}

// take takes an answer out; it is nil if there is none.
func (m *memory) take(id string) *protocol.AckMessage {
	a, ok := m.answers[id]
	if !ok {
		return nil
	}
	delete(m.answers, id)
	m.bytes -= len(a.ack.Result)
	m.kept.Store(int32(len(m.answers)))
	return a.ack
}

func (m *memory) begin(t *dispatcher.Task) {
	if m.handling == nil {
		m.handling = make(map[string]*handling)
	}
	m.handling[t.ID()] = &handling{task: t}
	m.running.Store(int32(len(m.handling)))
}

// end takes a task out; it is nil if it is not there.
func (m *memory) end(t *dispatcher.Task) *handling {
	h := m.handling[t.ID()]
	if h == nil || h.task != t {
		return nil
	}
	delete(m.handling, t.ID())
	m.running.Store(int32(len(m.handling)))
	return h
}

// remember notes a message of l that is not handled at once.
func (v *Conversation) remember(l *Link, t *dispatcher.Task) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if l.epoch == v.epochs {
		v.memory.begin(t)
	}
}

// answer sends the acknowledgement of a message that came on l, or keeps it until the
// message is sent again.
func (v *Conversation) answer(l *Link, o dispatcher.Outcome, ack *protocol.AckMessage) {
	if !o.Wanted {
		return
	}
	more := o.More
	if o.Task == nil || v.memory.running.Load() == 0 { // nil was refused, and no handler is at work
		if l.out.ack(ack, more) != nil {
			v.mu.Lock()
			defer v.mu.Unlock()
			v.keep(l, ack)
		}
		return
	}
	v.mu.Lock()
	h := v.memory.end(o.Task)
	to := l
	if h != nil && h.again != nil {
		to, more = h.again, false
	}
	if to.out.ack(ack, more) != nil {
		v.keep(to, ack)
	}
	v.mu.Unlock()
	if to != l {
		to.answeredAgain()
	}
}

// keep keeps an answer that could not be sent on l. It is called with mu held.
func (v *Conversation) keep(l *Link, ack *protocol.AckMessage) {
	if l.epoch == v.epochs {
		v.memory.keep(ack, time.Now())
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
	if ack := v.memory.take(t.ID()); ack != nil && h.again.out.ack(ack, false) != nil {
		v.keep(h.again, ack)
	}
	v.mu.Unlock()
	h.again.answeredAgain()
}

// repeated reports whether m, which was sent on an earlier connection and now on l, had
// been received: then it is answered from memory, or when its handler has ended.
func (v *Conversation) repeated(l *Link, m *protocol.DataMessage) bool {
	v.mu.Lock()
	ack := v.memory.take(m.MsgId)
	if h := v.memory.handling[m.MsgId]; ack == nil && h != nil {
		h.again = l
		l.out.unanswered.Add(1)
		v.mu.Unlock()
		return true
	}
	if ack == nil && v.memory.forgot {
		ack = &protocol.AckMessage{MsgId: m.MsgId, Status: protocol.AckStatus_ACK_STATUS_FAILURE, Code: uint32(qerrors.Forgotten),
			Error: "the message was sent again, and the receiver no longer knows whether it has handled it"}
	}
	if ack == nil {
		v.mu.Unlock()
		return false
	}
	if l.out.ack(ack, false) != nil {
		v.keep(l, ack)
	}
	l.out.unanswered.Add(1)
	v.mu.Unlock()
	l.answeredAgain()
	return true
}

// unlike forgets an answer to an earlier message with the id of a new one.
func (v *Conversation) unlike(id string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.memory.take(id)
}

// cancel calls off a message of the peer. One that is not remembered is as good as
// handled.
func (v *Conversation) cancel(id string) {
	v.mu.Lock()
	h := v.memory.handling[id]
	v.mu.Unlock()
	if h != nil {
		h.task.Cancel()
	}
}
