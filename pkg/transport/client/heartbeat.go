package client

import (
	"context"
	"time"

	"github.com/voilet/QuicFlow/internal/link"
	"github.com/voilet/QuicFlow/internal/quicnet"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// serve runs l, with its heartbeats, until it ends. Next is not nil if the client has given
// it up for another connection, which is there already. Token is what the hub was shown.
func (r *runner) serve(l *link.Link, welcome *protocol.Welcome, token string) (next *quicnet.Conn, cause error) {
	ended := make(chan error, 1)
	l.Start(func(cause error) { ended <- cause })
	next = r.heartbeat(l, welcome, token)
	return next, <-ended
}

func (r *runner) heartbeat(l *link.Link, welcome *protocol.Welcome, token string) (next *quicnet.Conn) {
	c := r.c
	interval := c.config.HeartbeatInterval
	if tolerated := time.Duration(welcome.HeartbeatTimeoutMs) * time.Millisecond; tolerated > 0 {
		interval = min(interval, tolerated/2)
	}
	pings := time.NewTicker(max(interval, time.Millisecond))
	defer pings.Stop()
	checks := time.NewTicker(c.config.HeartbeatCheckInterval)
	defer checks.Stop()
	looks := time.NewTimer(lookIdle)
	defer looks.Stop()
	still := r.watch(l)
	if still.dial == nil { // there is nothing to look for
		looks.Stop()
	}
	for {
		select {
		case <-pings.C:
			l.Ping()
		case <-checks.C:
			l.CheckHeartbeat(c.config.HeartbeatTimeout, c.config.MaxTimeoutCount)
			token = c.showNewToken(l, token)
			c.renewCertificate(l)
		case <-looks.C:
			again, stuck := still.look(time.Now())
			if stuck && (l.GoneAway() != nil || c.State() != StateConnected) {
				still.end("the connection before ends in order")
				again, stuck = lookBusy, false
			}
			if stuck {
				l.Close(qerrors.HeartbeatTimeout, "the hub can be reached, but this connection stands still: another one goes on")
				return still.next
			}
			looks.Reset(again)
		case next := <-still.result:
			looks.Reset(still.took(next, l.Ping))
		case <-l.Done():
			still.end("the connection before has ended")
			return nil
		}
	}
}

// watch returns what sees to it that l does not stand still.
func (r *runner) watch(l *link.Link) *standstill {
	s := &standstill{conn: l.Conn().(*quicnet.Conn), link: l}
	s.wait(time.Now())
	if r.c.config.ReconnectEnabled {
		s.dial = func(ctx context.Context) (*quicnet.Conn, error) {
			return r.socket.Dial(ctx, r.addrs[0], r.c.cert.shown.Load(), r.c.config.limits())
		}
	}
	return s
}
