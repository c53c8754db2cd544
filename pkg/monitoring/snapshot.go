package monitoring

import (
	"time"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// State is what a client or server has at one time, in contrast to what it counts.
type State struct {
	ConnectedClients int // on a client: 1 while it is connected
	MaxClients       int // how many may be; 0 on a client

	Traffic // of all connections that there were

	Promises Promises

	DispatcherQueued, DispatcherCapacity int // messages that wait for a worker, and how many may
	DispatcherBusy, DispatcherWorkers    int // handlers that run, and how many may

	OutgoingBytes   int     // what waits to be sent, of all connections
	OutgoingFullest float64 // of the fullest queue, the part that is taken: 0 to 1

	CertificateExpires time.Time // when the own certificate does; zero without one
}

// Traffic counts data messages and the bytes of their payloads.
type Traffic struct {
	MessagesSent, BytesSent         uint64 // given to the transport's queue
	MessagesReceived, BytesReceived uint64
}

// Add adds what another one has counted.
func (t *Traffic) Add(other Traffic) {
	t.MessagesSent += other.MessagesSent
	t.BytesSent += other.BytesSent
	t.MessagesReceived += other.MessagesReceived
	t.BytesReceived += other.BytesReceived
}

// Promises says what became of the acknowledgements that were awaited.
type Promises struct {
	Active, Max int // awaited now, and how many may be

	Created   uint64
	Completed uint64 // the acknowledgement came, with success or failure
	TimedOut  uint64 // it did not come in time, or said that the time was over
	Canceled  uint64 // the caller gave up
	Lost      uint64 // the session ended before it came
	Rejected  uint64 // not made, because there were too many or the session had ended
}

// Snapshot is all that is known of one client or server at one time. Maps have no
// entries for what is zero.
type Snapshot struct {
	Time   time.Time
	Uptime time.Duration
	State

	Connections, Reconnects, Resumed uint64
	Refused, Disconnected            map[qerrors.Code]uint64
	Limited                          map[Limit]uint64
	AddressValidations               uint64

	Failed, Dropped map[qerrors.Code]uint64
	Answered        map[protocol.AckStatus]uint64
	Handled         map[Answer]uint64
	HandlerFailures map[qerrors.Code]uint64

	HeartbeatsSent, HeartbeatsReceived, HeartbeatTimeouts uint64

	Broadcasts, BroadcastTargets uint64

	Resent, Repeated uint64

	EncodingErrors, DecodingErrors uint64
	NetworkErrors                  map[qerrors.Code]uint64
	EventsDropped                  uint64
	PacketsLost, BytesLost         uint64

	Reloads map[File]Reload

	RoundTrips                          map[protocol.MessageType]Distribution
	QueueWait, HandlerDuration, QUICRTT Distribution

	Recent Recent
}

// Snapshot reads all counters. They are read one after another, so that sums may
// be off by what happens meanwhile.
func (m *Metrics) Snapshot() Snapshot {
	now := time.Now()
	s := Snapshot{
		Time: now, Uptime: now.Sub(m.begun), State: m.state(),

		Connections: m.Connections.Load(), Reconnects: m.Reconnects.Load(), Resumed: m.Resumed.Load(),
		Refused: m.Refused.Snapshot(), Disconnected: m.Disconnected.Snapshot(),
		Limited: m.Limited.snapshot(), AddressValidations: m.AddressValidations.Load(),

		Failed: m.Failed.Snapshot(), Dropped: m.Dropped.Snapshot(),
		HandlerFailures: m.HandlerFailures.Snapshot(), Answered: m.Answered.snapshot(),

		HeartbeatsSent: m.HeartbeatsSent.Load(), HeartbeatsReceived: m.HeartbeatsReceived.Load(),
		HeartbeatTimeouts: m.HeartbeatTimeouts.Load(),

		Broadcasts: m.Broadcasts.Load(), BroadcastTargets: m.BroadcastTargets.Load(),
		Resent: m.Resent.Load(), Repeated: m.Repeated.Load(),

		EncodingErrors: m.EncodingErrors.Load(), DecodingErrors: m.DecodingErrors.Load(),
		NetworkErrors: m.NetworkErrors.Snapshot(), EventsDropped: m.EventsDropped.Load(),
		PacketsLost: m.PacketsLost.Load(), BytesLost: m.BytesLost.Load(),

		Reloads: m.Reloads.snapshot(),
	}
	m.readHistograms(&s)
	return s
}

func (m *Metrics) readHistograms(s *Snapshot) {
	var all counted
	s.RoundTrips = make(map[protocol.MessageType]Distribution)
	for t := range numTypes {
		c := m.RoundTrips.read(t)
		all.add(&c)
		if d := c.distribution(); d.Count > 0 {
			s.RoundTrips[protocol.MessageType(t)] = d
		}
	}
	handled, waits, durations := m.Handling.read()
	s.Handled, s.QueueWait, s.HandlerDuration = handled, waits.distribution(), durations.distribution()
	rtts := m.RTTs.read()
	s.QUICRTT = rtts.distribution()
	s.Recent = m.recent.until(point{s.Time, s.MessagesSent, s.MessagesReceived, &all}, m.begun)
}
