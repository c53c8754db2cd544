package server

import (
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

// leave is called when a connection has no use for v any more. The last one parks it.
func (c *conversations) leave(v *conversation, begun bool) {
	c.mu.Lock()
	v.begun = v.begun || begun
	if v.users--; v.users > 0 {
		c.mu.Unlock()
		return
	}
	if v.begun && c.closed == nil && c.parked < c.max {
		v.timer = time.AfterFunc(c.keep, func() { c.expire(v) })
		c.parked++
		c.mu.Unlock()
		return
	}
	err := c.closed
	delete(c.all, v.clientID)
	c.mu.Unlock()
	if err == nil {
		err = qerrors.New(qerrors.ConnectionLost, "the connection to client %q has ended, and so many others wait to be resumed that this one cannot", v.clientID)
	}
	v.Close(err)
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
