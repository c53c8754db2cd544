package client

import (
	"time"

	"github.com/voilet/QuicFlow/internal/link"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// serve runs l, with its heartbeats, until it ends.
func (c *Client) serve(l *link.Link, welcome *protocol.Welcome) error {
	beats := make(chan struct{})
	go func() {
		defer close(beats)
		c.heartbeat(l, welcome)
	}()
	defer func() { <-beats }()
	return l.Run()
}

func (c *Client) heartbeat(l *link.Link, welcome *protocol.Welcome) {
	interval := c.config.HeartbeatInterval
	if tolerated := time.Duration(welcome.HeartbeatTimeoutMs) * time.Millisecond; tolerated > 0 {
		interval = min(interval, tolerated/2)
	}
	pings := time.NewTicker(max(interval, time.Millisecond))
	defer pings.Stop()
	checks := time.NewTicker(c.config.HeartbeatCheckInterval)
	defer checks.Stop()
	for {
		select {
		case <-pings.C:
			l.Ping()
		case <-checks.C:
			l.CheckHeartbeat(c.config.HeartbeatTimeout, c.config.MaxTimeoutCount)
		case <-l.Done():
			return
		}
	}
}
