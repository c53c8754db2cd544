package link

import "github.com/voilet/QuicFlow/pkg/protocol"

// answer is an acknowledgement as it is remembered. Those that the dispatcher hands over are
// used again for the next message.
type answer struct {
	number uint64
	result []byte
	text   string
	status protocol.AckStatus
	code   uint32
}

func answerOf(a *protocol.AckMessage) answer {
	return answer{a.Number, a.Result, a.Error, a.Status, a.Code}
}

func (a *answer) ack() *protocol.AckMessage {
	return &protocol.AckMessage{Number: a.number, Result: a.result, Error: a.text, Status: a.status, Code: a.code}
}

// answerWeight is what an answer weighs beside its texts; more than it takes.
const answerWeight = 1 << 10

func (a *answer) weight() int { return answerWeight + len(a.result) + len(a.text) }
