package server

import (
	"container/list"
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
	parked [2]list.List // whose client is not connected, since longest first: those with nothing to lose, and the others
	closed error        // why none is kept any more
}

type conversation struct {
	*link.Conversation
	clientID string
	users    int  // connections that have it, or wait for it
	begun    bool // it has had a session
	timer    *time.Timer
	list     *list.List // where it is parked, nil while it is not
	place    *list.Element
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
	v.users++
	v.unpark()
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
	case v.begun:
		c.park(v)
		if v = c.excess(); v == nil {
			c.mu.Unlock()
			return
		}
		v.unpark()
		why = qerrors.New(qerrors.ConnectionLost, "client %q has not come back, and %d others wait for theirs that have gone since", v.clientID, c.max)
	default: // nobody has had it
		why = cause
	}
	delete(c.all, v.clientID)
	c.mu.Unlock()
	v.Close(why)
}

func (c *conversations) park(v *conversation) {
	v.list = &c.parked[0]
	if !v.Blank() {
		v.list = &c.parked[1]
	}
	v.place = v.list.PushBack(v)
	place := v.place
	v.timer = time.AfterFunc(c.keep, func() { c.expire(v, place) })
}

func (v *conversation) unpark() {
	if v.list != nil {
		v.timer.Stop()
		v.list.Remove(v.place)
		v.list, v.place, v.timer = nil, nil, nil
	}
}

// excess returns a parked conversation that there is no room for, or nil. A crowd of
// clients that come and go does not take the place of those that have something to lose.
func (c *conversations) excess() *conversation {
	if c.parked[0].Len()+c.parked[1].Len() <= c.max {
		return nil
	}
	oldest := c.parked[0].Front()
	if oldest == nil {
		oldest = c.parked[1].Front()
	}
	return oldest.Value.(*conversation)
}

// gone reports whether the client itself has said, by cause, that it ends.
func gone(cause error) bool {
	var e *qerrors.Error
	return errors.As(cause, &e) && (e.Code == qerrors.OK || e.Code == qerrors.Draining && e.Remote)
}

// expire ends the conversation with a client that did not come back since it was parked
// at place.
func (c *conversations) expire(v *conversation, place *list.Element) {
	c.mu.Lock()
	if v.place != place {
		c.mu.Unlock()
		return
	}
	v.unpark()
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
		if v.list != nil {
			v.unpark()
			delete(c.all, id)
			parked = append(parked, v)
		}
	}
	c.mu.Unlock()
	for _, v := range parked {
		v.Close(err)
	}
}
