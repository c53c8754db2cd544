package client

import (
	"time"

	"github.com/voilet/QuicFlow/internal/link"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// serve runs l, with its heartbeats, until it ends. Token is what the hub was shown.
func (c *Client) serve(l *link.Link, welcome *protocol.Welcome, token string) error {
	beats := make(chan struct{})
	go func() {
		defer close(beats)
		c.heartbeat(l, welcome, token)
	}()
	defer func() { <-beats }()
	return l.Run()
}

func (c *Client) heartbeat(l *link.Link, welcome *protocol.Welcome, token string) {
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
			token = c.showNewToken(l, token)
			c.renewCertificate(l)
		case <-l.Done():
			return
		}
	}
}
