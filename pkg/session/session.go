// Package session has the state of one connected peer and the registry of all
// that are connected.
package session

import (
	"net"
	"sync/atomic"
	"time"

	"github.com/voilet/QuicFlow/pkg/monitoring"
)

// Peer is the connection that a session lives on.
type Peer interface {
	RemoteAddr() net.Addr // may change while the connection lives, by migration
	RTT() time.Duration   // smoothed, as QUIC measures it (RFC 9002, section 5.3)
	// Lost returns how many packets, of how many bytes in all, were sent on the
	// connection and declared lost (RFC 9002, section 6).
	Lost() (packets, bytes uint64)
}

// Session is what is known of one connected peer. The counters may be used from
// any goroutine.
type Session struct {
	id          string
	clientID    string
	peer        Peer
	connectedAt time.Time

	lastSeen atomic.Int64 // nanoseconds after connectedAt, by the monotonic clock
	strikes  atomic.Int32 // heartbeat checks in a row that found the peer silent

	MessagesSent, MessagesReceived atomic.Uint64 // data messages
	BytesSent, BytesReceived       atomic.Uint64 // their payloads
	SendFailures                   atomic.Uint64 // messages to the peer that were not acknowledged with success
	HandlerFailures                atomic.Uint64 // messages of the peer that were answered with a failure
	Dropped                        atomic.Uint64 // messages to the peer that were lost, or left out of a broadcast, and that nobody awaits an acknowledgement of
}

// New returns a session that begins now.
func New(id, clientID string, peer Peer) *Session {
	return &Session{id: id, clientID: clientID, peer: peer, connectedAt: time.Now()}
}

// ID returns the id of this one session, which appears in the logs of both sides.
func (s *Session) ID() string { return s.id }

// ClientID returns the id of the client.
func (s *Session) ClientID() string { return s.clientID }

// Touch notes that the peer was heard of now.
func (s *Session) Touch(now time.Time) { s.lastSeen.Store(int64(now.Sub(s.connectedAt))) }

// Silence returns how long ago the peer was last heard of.
func (s *Session) Silence() time.Duration {
	return time.Since(s.connectedAt) - time.Duration(s.lastSeen.Load())
}

// Check is the heartbeat check. It returns how many checks in a row, with this
// one, have found the peer silent for longer than timeout.
func (s *Session) Check(timeout time.Duration) (strikes int) {
	if s.Silence() <= timeout {
		s.strikes.Store(0)
		return 0
	}
	return int(s.strikes.Add(1))
}

// Traffic returns what was sent and received so far.
func (s *Session) Traffic() monitoring.Traffic {
	return monitoring.Traffic{
		MessagesSent: s.MessagesSent.Load(), BytesSent: s.BytesSent.Load(),
		MessagesReceived: s.MessagesReceived.Load(), BytesReceived: s.BytesReceived.Load(),
	}
}

// Info is a session at one time.
type Info struct {
	ClientID    string
	SessionID   string
	RemoteAddr  string
	ConnectedAt time.Time
	LastSeen    time.Time
	Strikes     int           // heartbeat checks in a row that found it silent
	Silent      bool          // a heartbeat is overdue; set by who knows when they are due
	RTT         time.Duration // smoothed round-trip time of the connection

	MessagesSent, MessagesReceived uint64 // data messages to and from the peer
	BytesSent, BytesReceived       uint64 // their payloads

	SendFailures    uint64 // messages to the peer that were not acknowledged with success, though that was awaited
	HandlerFailures uint64 // messages of the peer that were answered with a failure

	Dropped uint64 // messages to the peer that were lost, or left out of a broadcast, and that nobody awaits an acknowledgement of

	PacketsLost, BytesLost uint64 // QUIC packets sent to the peer and declared lost
	QueuedBytes            int    // what waits to be sent to the peer; set by who has the queue
}

// Info returns the present state.
func (s *Session) Info() Info {
	packetsLost, bytesLost := s.peer.Lost()
	return Info{
		ClientID:         s.clientID,
		SessionID:        s.id,
		RemoteAddr:       s.peer.RemoteAddr().String(),
		ConnectedAt:      s.connectedAt,
		LastSeen:         s.connectedAt.Add(time.Duration(s.lastSeen.Load())),
		Strikes:          int(s.strikes.Load()),
		RTT:              s.peer.RTT(),
		MessagesSent:     s.MessagesSent.Load(),
		MessagesReceived: s.MessagesReceived.Load(),
		BytesSent:        s.BytesSent.Load(),
		BytesReceived:    s.BytesReceived.Load(),
		SendFailures:     s.SendFailures.Load(),
		HandlerFailures:  s.HandlerFailures.Load(),
		Dropped:          s.Dropped.Load(),
		PacketsLost:      packetsLost,
		BytesLost:        bytesLost,
	}
}
