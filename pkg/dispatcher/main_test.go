package dispatcher_test

import (
	"context"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/voilet/QuicFlow/internal/leaktest"
	"github.com/voilet/QuicFlow/pkg/dispatcher"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

const (
	command = protocol.MessageType_MESSAGE_TYPE_COMMAND
	event   = protocol.MessageType_MESSAGE_TYPE_EVENT
	query   = protocol.MessageType_MESSAGE_TYPE_QUERY

	success = protocol.AckStatus_ACK_STATUS_SUCCESS
	failed  = protocol.AckStatus_ACK_STATUS_FAILURE
	timeout = protocol.AckStatus_ACK_STATUS_TIMEOUT
)

type answer struct {
	*protocol.AckMessage
	dispatcher.Outcome
}

// answers is a Responder that keeps what it gets.
type answers chan answer

func newAnswers() answers { return make(answers, 1000) }

func (a answers) Respond(o dispatcher.Outcome) {
	a <- answer{proto.Clone(o.Ack).(*protocol.AckMessage), o}
}

// next returns the next answer, and fails the test unless it has this id, status
// and code.
func (a answers) next(t *testing.T, id string, status protocol.AckStatus, code qerrors.Code) answer {
	t.Helper()
	got := <-a
	if got.MsgId != id || got.Status != status || qerrors.Code(got.Code) != code {
		t.Fatalf("the answer is %v to %s (%v, %q); want %v to %s (%v)",
			got.Status, got.MsgId, qerrors.Code(got.Code), got.Error, status, id, code)
	}
	return got
}

// none fails the test if there is an answer that was not taken.
func (a answers) none(t *testing.T) {
	t.Helper()
	if len(a) > 0 {
		t.Errorf("one answer more: %v", <-a)
	}
}

func message(id string, kind protocol.MessageType) *protocol.DataMessage {
	return &protocol.DataMessage{MsgId: id, Type: kind, WaitAck: true}
}

// within returns a command whose sender waits for ms milliseconds.
func within(id string, ms uint32) *protocol.DataMessage {
	m := message(id, command)
	m.TimeoutMs = ms
	return m
}

// submit submits m without ends.
func submit(t *testing.T, d *dispatcher.Dispatcher, m *protocol.DataMessage, r dispatcher.Responder) {
	t.Helper()
	if err := d.Submit(context.Background(), context.Background(), time.Now(), m, r); err != nil {
		t.Fatal(err)
	}
}

// commands returns a dispatcher with one handler.
func commands(config *dispatcher.Config, h dispatcher.HandlerFunc) *dispatcher.Dispatcher {
	d := dispatcher.NewDispatcher(config)
	d.RegisterHandler(command, h)
	return d
}

// replying returns a handler whose result is text.
func replying(text string) dispatcher.HandlerFunc {
	return func(context.Context, *protocol.DataMessage) (*protocol.DataMessage, error) {
		return &protocol.DataMessage{Payload: []byte(text)}, nil
	}
}
