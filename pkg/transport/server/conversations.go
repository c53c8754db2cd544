package server

import (
	"errors"
	"sync"
	"time"

	"github.com/voilet/QuicFlow/internal/link"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// conversations are those of all clients, by client id: of the connected ones, and of
// those that may come back.
type conversations struct {
	config *link.Config
	keep   time.Duration // after the connection was lost
	max    int           // that are kept

	mu     sync.Mutex
	all    map[string]*conversation
	parked int   // whose client is not connected
	closed error // why none is kept any more
}

type conversation struct {
	*link.Conversation
	clientID string
	users    int  // connections that have it, or wait for it
	begun    bool // it has had a session
	timer    *time.Timer
}

// of returns the conversation with a client, which [conversations.leave] ends.
func (c *conversations) of(clientID string) *conversation {
	c.mu.Lock()
	defer c.mu.Unlock()
	v := c.all[clientID]
	if v == nil {
		v = &conversation{Conversation: c.config.NewConversation(clientID), clientID: clientID}
		c.all[clientID] = v
	}
	if v.users++; v.timer != nil {
		v.timer.Stop()
		v.timer = nil
		c.parked--
	}
	return v
}

// leave is called when a connection, which has ended with cause, has no use for v any
// more. The last one parks it, unless the client will not come back, or had no session.
func (c *conversations) leave(v *conversation, begun bool, cause error) {
	c.mu.Lock()
	v.begun = v.begun || begun
	if v.users--; v.users > 0 {
		c.mu.Unlock()
		return
	}
	why := c.closed
	switch {
	case why != nil:
	case begun && gone(cause):
		why = qerrors.New(qerrors.ConnectionLost, "the client has ended the connection: %w", cause)
	case c.parked >= c.max:
		why = qerrors.New(qerrors.ConnectionLost, "the connection to client %q has ended, and %d others wait to be resumed already", v.clientID, c.max)
	case v.begun:
		v.timer = time.AfterFunc(c.keep, func() { c.expire(v) })
		c.parked++
		c.mu.Unlock()
		return
	}
	delete(c.all, v.clientID)
	c.mu.Unlock()
	v.Close(why)
}

// gone reports whether the client itself has said, by cause, that it ends.
func gone(cause error) bool {
	var e *qerrors.Error
	return errors.As(cause, &e) && (e.Code == qerrors.OK || e.Code == qerrors.Draining && e.Remote)
}

// expire ends the conversation with a client that did not come back.
func (c *conversations) expire(v *conversation) {
	c.mu.Lock()
	if v.timer == nil || v.users > 0 {
		c.mu.Unlock()
		return
	}
	v.timer = nil
	c.parked--
	delete(c.all, v.clientID)
	c.mu.Unlock()
	v.Close(qerrors.New(qerrors.ConnectionLost, "client %q did not come back within %v", v.clientID, c.keep))
}

// close ends all that are parked, and makes leave end the others.
func (c *conversations) close(err error) {
	c.mu.Lock()
	c.closed = err
	var parked []*conversation
	for id, v := range c.all {
		if v.timer != nil {
			v.timer.Stop()
			v.timer = nil
			c.parked--
			delete(c.all, id)
			parked = append(parked, v)
		}
	}
	c.mu.Unlock()
	for _, v := range parked {
		v.Close(err)
	}
}
