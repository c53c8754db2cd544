package client

import (
	"context"
	"errors"
	"time"

	"github.com/voilet/QuicFlow/internal/link"
	"github.com/voilet/QuicFlow/pkg/callback"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// SendMessage sends a copy of msg to the hub.
//
// With waitAck it returns once the hub's handler has run: the acknowledgement has
// the status SUCCESS and the result, or FAILURE (or TIMEOUT) and the reason. An
// error says why no acknowledgement came, and, by errors.ErrNotSent or
// errors.ErrOutcomeUnknown, whether the message may have been handled. Without
// waitAck it returns a nil acknowledgement once the message is queued.
//
// It waits until ctx ends or timeout has passed, whichever is first; with neither
// 30 s. That includes the wait for a connection while the client reconnects, and
// for room while the outgoing queue is full: if none comes, the error is QueueFull,
// and a context.DeadlineExceeded.
func (c *Client) SendMessage(ctx context.Context, msg *protocol.DataMessage, waitAck bool,
	timeout time.Duration) (*protocol.AckMessage, error) {
	return c.link.SendMessage(ctx, c.config.ClientID, c.pick, msg, waitAck, timeout)
}

// SendAsync is SendMessage with waitAck that does not wait for the
// acknowledgement: it returns its promise once the message is queued.
func (c *Client) SendAsync(ctx context.Context, msg *protocol.DataMessage, timeout time.Duration) (*callback.Promise, error) {
	return c.link.SendAsync(ctx, c.config.ClientID, c.pick, msg, timeout)
}

// pick returns the link in use, and waits for one, if it may, while the client
// connects.
func (c *Client) pick(w *link.Wait, refused *link.Link) (*link.Link, error) {
	for {
		if l := c.current.Load(); l != nil && l != refused {
			return l, nil
		}
		if w == nil {
			return nil, nil
		}
		c.mu.Lock()
		state, cause, changed := c.state, c.cause, c.changed
		c.mu.Unlock()
		switch state {
		case StateIdle:
			return nil, cause
		case StateClosed:
			return nil, closed(cause)
		case StateConnected:
			if l := c.current.Load(); l != nil && l != refused {
				return l, nil
			}
			cause = qerrors.New(qerrors.Draining, "the connection is ending")
		}
		select {
		case <-changed:
		case <-w.Context().Done():
			e := *qerrors.FromContext(w.Context())
			e.Message, e.Err = "no connection to the hub: "+cause.Error(), errors.Join(e.Err, cause)
			return nil, &e
		}
	}
}
