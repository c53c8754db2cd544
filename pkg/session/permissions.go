package session

import (
	"time"

	"github.com/voilet/QuicFlow/pkg/protocol"
)

// Permissions say what the client of one session may do. They are asked for each
// message, from any goroutine, and must answer at once. What they answer may change
// while the session lives.
type Permissions interface {
	// MaySend returns an error if the client may not send msg to the hub, which has
	// come from it and must not be changed or kept. Otherwise it returns for how long
	// the message has to wait first, mostly not at all: what the client has sent behind
	// it waits as well, and QUIC's flow control slows the client.
	MaySend(msg *protocol.DataMessage) (wait time.Duration, err error)
	// MayReceive returns an error if the hub may not send messages of type t to the
	// client.
	MayReceive(t protocol.MessageType) error
}
