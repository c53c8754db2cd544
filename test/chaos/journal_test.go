package chaos

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/voilet/QuicFlow/pkg/dispatcher"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// outcome is what a sender was told of a message.
type outcome string

const (
	success outcome = "SUCCESS"
	refused outcome = "FAILURE"
	notSent outcome = "not sent"
	unknown outcome = "outcome unknown"
	untrue  outcome = "an error that says neither" // which there must not be
)

// fate is what became of one message.
type fate struct {
	Outcome outcome
	Code    string // of the error
	Error   string
	Ended   time.Time // when the sender was told
	Took    time.Duration
}

// journal is what one end has sent, and what it has handled, by the numbers of the
// messages.
type journal struct {
	mu      sync.Mutex
	Begun   time.Time
	Sent    map[int]fate
	Handled map[int]int // how often
	aloud   io.Writer   // is told what is handled; nil for none
}

func newJournal() *journal {
	return &journal{Begun: time.Now(), Sent: map[int]fate{}, Handled: map[int]int{}}
}

// dispatcher returns one that notes what arrives, and answers with its number.
func (j *journal) dispatcher() *dispatcher.Dispatcher {
	d := dispatcher.NewDispatcher(&dispatcher.Config{Logger: slog.New(slog.DiscardHandler)})
	d.RegisterHandler(protocol.MessageType_MESSAGE_TYPE_COMMAND, dispatcher.HandlerFunc(
		func(_ context.Context, m *protocol.DataMessage) (*protocol.DataMessage, error) {
			if len(m.Payload) < 8 {
				return nil, errors.New("there is no number in the payload")
			}
			number := m.Payload[:8]
			j.mu.Lock()
			defer j.mu.Unlock()
			n := int(binary.BigEndian.Uint64(number))
			j.Handled[n]++
			if j.aloud != nil {
				fmt.Fprintf(j.aloud, "%s%d\n", handledMark, n)
			}
			return &protocol.DataMessage{Payload: number}, nil
		}))
	return d
}

// send is SendMessage of one end.
type send func(ctx context.Context, m *protocol.DataMessage, waitAck bool, timeout time.Duration) (*protocol.AckMessage, error)

// load is what each end sends.
type load struct {
	Messages int
	Every    time.Duration
	MaxSize  int           // of a payload; there are all sizes up to it
	Timeout  time.Duration // of a message
}

// unless returns no load at all if silent.
func (l load) unless(silent bool) load {
	if silent {
		l.Messages = 0
	}
	return l
}

// run sends, one message after another without waiting for answers, and returns when
// each has its outcome.
func (j *journal) run(l load, send send) {
	var wg sync.WaitGroup
	for n := range l.Messages {
		wg.Go(func() { j.send(n, l, send) })
		time.Sleep(l.Every)
	}
	wg.Wait()
}

func (j *journal) send(n int, l load, send send) {
	number := binary.BigEndian.AppendUint64(nil, uint64(n))
	begun := time.Now()
	ack, err := send(context.Background(), &protocol.DataMessage{
		Type: protocol.MessageType_MESSAGE_TYPE_COMMAND, Priority: protocol.Priority(n % 3),
		Payload: append(number, make([]byte, n*n%max(1, l.MaxSize))...),
	}, true, l.Timeout)
	f := fate{Ended: time.Now(), Took: time.Since(begun)}
	switch {
	case err == nil && ack.Status == protocol.AckStatus_ACK_STATUS_SUCCESS && slices.Equal(ack.Result, number):
		f.Outcome = success
	case err == nil:
		f.Outcome, f.Code = refused, qerrors.Code(ack.Code).String()
		f.Error = fmt.Sprintf("%v %s, result %x", ack.Status, ack.Error, ack.Result)
	case errors.Is(err, qerrors.ErrNotSent):
		f.Outcome, f.Code, f.Error = notSent, qerrors.CodeOf(err).String(), err.Error()
	case errors.Is(err, qerrors.ErrOutcomeUnknown):
		f.Outcome, f.Code, f.Error = unknown, qerrors.CodeOf(err).String(), err.Error()
	default:
		f.Outcome, f.Code, f.Error = untrue, qerrors.CodeOf(err).String(), err.Error()
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.Sent[n] = f
}
