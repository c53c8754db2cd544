package eventlog

import (
	"time"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// Kind is what an event is about.
type Kind int

const (
	Connect          Kind = iota // a session began
	Disconnect                   // a session ended
	HeartbeatTimeout             // a session is given up for silence
	Message                      // a message arrived from a client
	numKinds
)

// Kinds returns all kinds.
func Kinds() []Kind { return []Kind{Connect, Disconnect, HeartbeatTimeout, Message} }

// ParseKind returns the kind with a name, and whether there is one.
func ParseKind(name string) (Kind, bool) {
	for _, k := range Kinds() {
		if k.String() == name {
			return k, true
		}
	}
	return 0, false
}

// String returns the kind's name, as the HTTP API has it.
func (k Kind) String() string {
	switch k {
	case Connect:
		return "connect"
	case Disconnect:
		return "disconnect"
	case HeartbeatTimeout:
		return "heartbeat_timeout"
	case Message:
		return "message"
	default:
		return "unknown"
	}
}

// Event is one thing that happened to a client.
type Event struct {
	ID       uint64 // larger than those of all events before
	Kind     Kind
	Time     time.Time // when the log was told
	ClientID string
	MsgID    string       // of a message
	Code     qerrors.Code // why a session ended; OK for an orderly end
	Reason   string       // the same for people

	number uint64 // how many events of its kind there have been, with this one
}
