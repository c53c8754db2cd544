package monitoring

import (
	"sync/atomic"
	"time"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// Metrics counts what happens to one client or server, each of which has its own.
// All fields may be used from any goroutine.
type Metrics struct {
	Connections  atomic.Uint64 // sessions that began
	Reconnects   atomic.Uint64 // of these, those of a client that had one before
	Refused      ByCode        // connections that never became a session, by reason
	Disconnected ByCode        // sessions that ended, by reason

	Limited            ByLimit       // what limits have refused or slowed
	AddressValidations atomic.Uint64 // first packets that were answered with a Retry

	Failed          ByCode   // sends that returned an error or whose promise did, by reason
	Answered        ByStatus // acknowledgements that came, but for those that say that the time was over
	Dropped         ByCode   // messages lost, by reason
	Handling        Handling // received messages that were answered
	HandlerFailures ByCode   // of these, those not answered with a success, by reason

	HeartbeatsSent     atomic.Uint64 // pings and pongs
	HeartbeatsReceived atomic.Uint64 // pings and pongs
	HeartbeatTimeouts  atomic.Uint64 // sessions given up for silence

	Resent           atomic.Uint64 // messages sent again on a new connection
	Repeated         atomic.Uint64 // messages received again and not handled again
	Resumed          atomic.Uint64 // sessions that went on with a new connection
	Broadcasts       atomic.Uint64
	BroadcastTargets atomic.Uint64 // clients that they were queued for

	EncodingErrors atomic.Uint64 // messages of ours that no frame could be made of
	DecodingErrors atomic.Uint64 // frames of peers that could not be read
	NetworkErrors  ByCode        // connections that the network did not make or did not keep
	EventsDropped  atomic.Uint64 // events that a slow hook was not told of
	PacketsLost    atomic.Uint64 // QUIC packets declared lost (RFC 9002, section 6), as sampled
	BytesLost      atomic.Uint64 // their bytes

	Reloads Reloads // of files that change

	RoundTrips RoundTrips // from the send to the acknowledgement
	RTTs       Histogram  // smoothed round-trip times of connections, as sampled

	begun  time.Time
	state  func() State
	recent recent
}

// NewMetrics returns counters that begin now. state is called for each snapshot;
// nil stands for one that is always zero.
func NewMetrics(state func() State) *Metrics {
	if state == nil {
		state = func() State { return State{} }
	}
	return &Metrics{begun: time.Now(), state: state}
}

// numTypes is how many types of messages are told apart: those that this version
// knows, and all others as MESSAGE_TYPE_UNSPECIFIED.
const numTypes = int(protocol.MessageType_MESSAGE_TYPE_RESPONSE) + 1

const numStatuses = int(protocol.AckStatus_ACK_STATUS_TIMEOUT) + 1

// known returns t, or MESSAGE_TYPE_UNSPECIFIED for a type of a newer peer, so that
// no peer can make new labels.
func known(t protocol.MessageType) protocol.MessageType {
	if t < 0 || int(t) >= numTypes {
		return protocol.MessageType_MESSAGE_TYPE_UNSPECIFIED
	}
	return t
}

// RoundTrips has a histogram for each type of message, at several places, so that
// the readers of many connections do not write to the same one.
type RoundTrips struct {
	places [places]atomic.Pointer[[numTypes]Histogram] // made with the first message
}

// Observe counts the round trip of a message of type t on a connection with some
// number.
func (r *RoundTrips) Observe(connection uint32, t protocol.MessageType, d time.Duration) {
	place := &r.places[connection%places]
	at := place.Load()
	if at == nil {
		place.CompareAndSwap(nil, new([numTypes]Histogram))
		at = place.Load()
	}
	at[known(t)].Observe(d)
}

// read returns what all places have counted of type t.
func (r *RoundTrips) read(t int) (all counted) {
	for i := range r.places {
		if at := r.places[i].Load(); at != nil {
			c := at[t].read()
			all.add(&c)
		}
	}
	return all
}

// ByStatus is a counter for each status of an acknowledgement.
type ByStatus struct {
	counts [numStatuses]atomic.Uint64
}

// Add counts one. A status that this version does not know counts as unspecified.
func (b *ByStatus) Add(s protocol.AckStatus) { b.counts[knownStatus(s)].Add(1) }

func (b *ByStatus) snapshot() map[protocol.AckStatus]uint64 {
	counts := make(map[protocol.AckStatus]uint64)
	for s := range b.counts {
		if n := b.counts[s].Load(); n > 0 {
			counts[protocol.AckStatus(s)] = n
		}
	}
	return counts
}

func knownStatus(s protocol.AckStatus) protocol.AckStatus {
	if s < 0 || int(s) >= numStatuses {
		return protocol.AckStatus_ACK_STATUS_UNSPECIFIED
	}
	return s
}

// ByCode is a counter for each code.
type ByCode struct {
	counts [qerrors.NumCodes]atomic.Uint64
}

// Add adds n to the counter of code. A code that this version does not know
// counts as Internal, so that no peer can make new labels.
func (c *ByCode) Add(code qerrors.Code, n uint64) {
	if !code.Valid() {
		code = qerrors.Internal
	}
	c.counts[code].Add(n)
}

// Snapshot returns the counters that are not zero.
func (c *ByCode) Snapshot() map[qerrors.Code]uint64 {
	counts := make(map[qerrors.Code]uint64)
	for code := range c.counts {
		if n := c.counts[code].Load(); n > 0 {
			counts[qerrors.Code(code)] = n
		}
	}
	return counts
}
