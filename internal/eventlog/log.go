// Package eventlog remembers the latest events of a hub, for readers that come, go,
// and come back.
//
//	events := eventlog.New(received)
//	srv, err := server.NewServer(&server.ServerConfig{Hooks: events.Hooks(), ...})
//	...
//	r, _ := events.Follow(eventlog.Connect, eventlog.Disconnect)
//	defer r.Close()
//	for {
//		batch, err := r.Next(ctx)
//		...
//	}
//
// There is a ring for each kind of event, so that a flood of one kind does not push
// out the others. A reader that is too slow, or comes back too late, is told how
// many events it missed. Readers cost memory by their number, not by how slow they
// are.
//
// Events about messages are recorded only while somebody reads them, and for a
// minute afterwards: otherwise a message costs nothing here.
package eventlog

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/monitoring"
)

const (
	// Size is how many events of each kind are kept.
	Size = 16384
	// linger is how long messages are recorded after their last reader left, which
	// may only have lost its connection.
	linger = time.Minute
)

// Log has the latest events. All methods may be called from any goroutine.
type Log struct {
	received  func() uint64 // how many messages the hub has received
	open      context.Context
	close     context.CancelFunc
	first     uint64      // ids up to this one are not of this log
	recording atomic.Bool // messages are recorded

	mu         sync.Mutex
	last       uint64 // the id of the latest event
	rings      [numKinds]ring
	readers    int         // those that want messages
	unrecorded uint64      // the messages received when they were last recorded
	silence    *time.Timer // ends the recording of messages
}

// New returns an empty log. received tells how many messages the hub has received;
// it is what readers are told of those that were not recorded.
//
// Ids count microseconds from 1970 at the start, and from there on events. Until a
// hub has had more than a million events for each second of its life, the ids of
// a later log are larger, and those of a former one are known for what they are.
func New(received func() uint64) *Log { return newLog(received, Size) }

func newLog(received func() uint64, size int) *Log {
	l := &Log{received: received, first: uint64(time.Now().UnixMicro())}
	l.open, l.close = context.WithCancel(context.Background())
	l.last = l.first
	for k := range l.rings {
		l.rings[k].size = size
	}
	return l
}

// Hooks returns the hooks that fill the log.
func (l *Log) Hooks() *monitoring.EventHooks {
	return &monitoring.EventHooks{
		OnConnect: func(clientID string) { l.add(Event{Kind: Connect, ClientID: clientID}) },
		OnDisconnect: func(clientID string, err error) {
			e := Event{Kind: Disconnect, ClientID: clientID}
			if err != nil {
				because := qerrors.From(err)
				e.Code, e.Reason = because.Code, because.Message
			}
			l.add(e)
		},
		OnHeartbeatTimeout: func(clientID string) { l.add(Event{Kind: HeartbeatTimeout, ClientID: clientID}) },
		OnMessageReceived: func(msgID, clientID string) {
			l.add(Event{Kind: Message, ClientID: clientID, MsgID: msgID})
		},
		OnDropped:  l.dropped,
		PerMessage: &l.recording,
	}
}

func (l *Log) add(e Event) {
	e.Time = time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last++
	e.ID = l.last
	l.rings[e.Kind].add(e)
}

// dropped notes events that the log was not told of. Which kind the others had is
// not known, so that a reader of any kind may have missed them.
func (l *Log) dropped(messages, others int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lose(Message, uint64(messages))
	for k := range Message {
		l.lose(k, uint64(others))
	}
}

// lose gives ids to n events of a kind that cannot be stored. The caller holds mu.
func (l *Log) lose(k Kind, n uint64) {
	if n > 0 {
		l.last += n
		l.rings[k].lose(n)
	}
}

// Close ends all readers, once they have read what there is.
func (l *Log) Close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.close()
	l.recording.Store(false)
	if l.silence != nil {
		l.silence.Stop()
	}
}

// Context ends when the log is closed.
func (l *Log) Context() context.Context { return l.open }

// isClosed is for those that hold mu.
func (l *Log) isClosed() bool { return l.open.Err() != nil }
