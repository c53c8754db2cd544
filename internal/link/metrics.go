package link

import (
	"sync"

	"github.com/voilet/QuicFlow/pkg/dispatcher"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/monitoring"
	"github.com/voilet/QuicFlow/pkg/protocol"
	"github.com/voilet/QuicFlow/pkg/session"
)

// state is what the metrics show besides what they count.
func (c *Config) state() monitoring.State {
	d := c.dispatcher.Load().Stats()
	s := monitoring.State{
		MaxClients: c.MaxClients, Traffic: c.traffic.total(), Promises: c.Promises.Stats(),
		DispatcherQueued: d.Queued, DispatcherCapacity: d.QueueSize,
		DispatcherBusy: d.Busy, DispatcherWorkers: d.Workers,
		CertificateExpires: c.certificateExpires(),
	}
	for l := range c.Links() {
		s.ConnectedClients++
		bytes, fullest := l.out.queued()
		s.OutgoingBytes += bytes
		s.OutgoingFullest = max(s.OutgoingFullest, fullest)
	}
	return s
}

// Traffic returns what all connections have sent and received so far.
func (c *Config) Traffic() monitoring.Traffic { return c.traffic.total() }

// CountNetworkError counts err, the end of a connection or why there is none, if
// the network is the reason.
func (c *Config) CountNetworkError(err error) {
	switch code := qerrors.CodeOf(err); code {
	case qerrors.Unreachable, qerrors.IdleTimeout, qerrors.PeerRestarted, qerrors.TransportFailed:
		c.Metrics.NetworkErrors.Add(code, 1)
	}
}

// countHandled counts a message that was answered.
func (c *Config) countHandled(o dispatcher.Outcome) {
	m := c.Metrics
	m.Handling.Observe(o.Worker, monitoring.Answer{Type: o.Type, Status: o.Ack.Status}, o.Waited)
	if o.Ran {
		m.Handling.ObserveHandler(o.Worker, o.Took)
	}
	if o.Ack.Status != protocol.AckStatus_ACK_STATUS_SUCCESS {
		m.HandlerFailures.Add(qerrors.Code(o.Ack.Code), 1)
	}
}

// traffic adds up what the sessions of all links have counted, so that a message
// is counted once. A session that has ended is never forgotten, nor counted twice.
type traffic struct {
	mu    sync.Mutex
	live  map[*session.Session]struct{}
	ended monitoring.Traffic
}

func (t *traffic) begin(s *session.Session) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.live == nil {
		t.live = make(map[*session.Session]struct{})
	}
	t.live[s] = struct{}{}
}

// end is called when s counts no more.
func (t *traffic) end(s *session.Session) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.live, s)
	t.ended.Add(s.Traffic())
}

func (t *traffic) total() monitoring.Traffic {
	t.mu.Lock()
	defer t.mu.Unlock()
	sum := t.ended
	for s := range t.live {
		sum.Add(s.Traffic())
	}
	return sum
}

// losses is what was counted so far of the packets that a connection has lost.
type losses struct {
	mu             sync.Mutex
	packets, bytes uint64
}

// sample takes a sample of the connection.
func (l *Link) sample() {
	if rtt := l.conn.RTT(); rtt > 0 {
		l.cfg.Metrics.RTTs.Observe(rtt)
	}
	l.sampleLosses()
}

// sampleLosses counts the packets that were lost since the last sample.
func (l *Link) sampleLosses() {
	l.losses.mu.Lock()
	defer l.losses.mu.Unlock()
	packets, bytes := l.conn.Lost()
	l.cfg.Metrics.PacketsLost.Add(packets - l.losses.packets)
	l.cfg.Metrics.BytesLost.Add(bytes - l.losses.bytes)
	l.losses.packets, l.losses.bytes = packets, bytes
}
