package link

import (
	"sync/atomic"

	"github.com/voilet/QuicFlow/pkg/dispatcher"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// memory is what one side remembers of the peer's messages, by their numbers, so that one
// which is sent again, on the next connection, is not handled again. The conversation's
// mutex guards it. Answers on a connection that lives are with its outbox.
type memory struct {
	running   atomic.Int32         // the length of handling, for those who do not hold the mutex
	handling  map[uint64]*handling // messages that wait for a worker, or whose handlers are slow
	answers   map[uint64]answer    // given on earlier connections, and perhaps not received
	weight    int                  // of answers
	forgotten uint64               // a message of up to this number that is not here may have been answered
}

// handling is a message that is not answered yet.
type handling struct {
	task  *dispatcher.Task
	again *Link // where it was sent again
}

// reset forgets everything: the peer has another session, and never asks.
func (m *memory) reset() {
	m.handling, m.answers, m.weight, m.forgotten = nil, nil, 0, 0
	m.running.Store(0)
}

// keep keeps the answer to a message.
func (m *memory) keep(a answer) {
	if a.number == 0 {
		return // the peer does not ask
	}
	if len(m.answers) > 0 && m.weight+a.weight() > maxWeight {
		m.forgotten = max(m.forgotten, a.number)
		return
	}
	if m.answers == nil {
		m.answers = make(map[uint64]answer)
	}
	m.answers[a.number] = a
	m.weight += a.weight()
}

// take takes an answer out; it is nil if there is none.
func (m *memory) take(number uint64) *protocol.AckMessage {
	a, there := m.answers[number]
	if !there {
		return nil
	}
	delete(m.answers, number)
	m.weight -= a.weight()
	return a.ack()
}

// below forgets the answers to messages that the peer will not ask for.
func (m *memory) below(oldest uint64) {
	for number := range m.answers {
		if number < oldest {
			m.take(number)
		}
	}
}

func (m *memory) begin(t *dispatcher.Task) {
	if m.handling == nil {
		m.handling = make(map[uint64]*handling)
	}
	m.handling[t.Number()] = &handling{task: t}
	m.running.Store(int32(len(m.handling)))
}

// end takes a task out; it is nil if it is not there.
func (m *memory) end(t *dispatcher.Task) *handling {
	h := m.handling[t.Number()]
	if h == nil || h.task != t {
		return nil
	}
	delete(m.handling, t.Number())
	m.running.Store(int32(len(m.handling)))
	return h
}

// forgotten is the answer to a message that was sent again, and may have been handled.
func forgotten(number uint64) *protocol.AckMessage {
	return &protocol.AckMessage{Number: number, Status: protocol.AckStatus_ACK_STATUS_FAILURE, Code: uint32(qerrors.Forgotten),
		Error: "the message was sent again, and the receiver no longer knows whether it has handled it"}
}
