package quicnet

import "time"

// Packets returns how many packets were sent, and how many have come.
func (c *Conn) Packets() (sent, received uint64) {
	stats := c.qc.ConnectionStats()
	return stats.PacketsSent, stats.PacketsReceived
}

// ProbeTimeout returns how long an acknowledgement may take before QUIC sends the first
// probe (RFC 9002, section 6.2.1).
func (c *Conn) ProbeTimeout() time.Duration {
	stats := c.qc.ConnectionStats()
	return stats.SmoothedRTT + 4*stats.MeanDeviation + maxAckDelay
}

// maxAckDelay is how long a peer may wait before it acknowledges a packet.
const maxAckDelay = 25 * time.Millisecond
