package server

import (
	"context"
	"iter"
	"time"

	"github.com/voilet/QuicFlow/internal/link"
	"github.com/voilet/QuicFlow/pkg/callback"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
	"github.com/voilet/QuicFlow/pkg/session"
)

// SendMessage sends a copy of msg to a connected client.
//
// With waitAck it returns once the client's handler has run: the acknowledgement
// has the status SUCCESS and the result, or FAILURE (or TIMEOUT) and the reason.
// An error says why no acknowledgement came, and, by errors.ErrNotSent or
// errors.ErrOutcomeUnknown, whether the message may have been handled. Without
// waitAck it returns a nil acknowledgement once the message is queued.
//
// It waits until ctx ends or timeout has passed, whichever is first; with neither
// 30 s. While the client's outgoing queue is full it waits for room; if none comes
// within that time, the error is QueueFull, and a context.DeadlineExceeded.
func (s *Server) SendMessage(ctx context.Context, clientID string, msg *protocol.DataMessage,
	waitAck bool, timeout time.Duration) (*protocol.AckMessage, error) {
	return s.link.SendMessage(ctx, clientID, s.pick(clientID), msg, waitAck, timeout)
}

// SendAsync is SendMessage with waitAck that does not wait for the
// acknowledgement: it returns its promise once the message is queued.
func (s *Server) SendAsync(ctx context.Context, clientID string, msg *protocol.DataMessage,
	timeout time.Duration) (*callback.Promise, error) {
	return s.link.SendAsync(ctx, clientID, s.pick(clientID), msg, timeout)
}

func (s *Server) pick(clientID string) link.Pick {
	return func(_ *link.Wait, refused *link.Link) (*link.Link, error) {
		l, ok := s.sessions.Get(clientID)
		switch {
		case s.admitting.Err() != nil:
			return nil, qerrors.From(context.Cause(s.admitting))
		case !ok:
			return nil, unknown(clientID)
		case l == refused:
			return nil, qerrors.New(qerrors.NotConnected, "the connection of client %q is ending", clientID)
		default:
			return l, nil
		}
	}
}

func unknown(clientID string) error {
	return qerrors.New(qerrors.UnknownClient, "no client %q is connected", clientID)
}

// BroadcastResult says how far a broadcast got.
type BroadcastResult struct {
	MessageID string
	Total     int              // clients that were connected
	Delivered int              // of these, queued for sending
	Failed    map[string]error // the others by client id, and why; nil if there are none
}

// Broadcast queues a copy of msg for every connected client. It never waits for
// one: a client whose outgoing queue is full is skipped and counted as dropped.
// No acknowledgement is asked for. The error is not nil when nothing was queued
// because msg cannot be sent or the server is being stopped, or when ctx has
// ended.
func (s *Server) Broadcast(ctx context.Context, msg *protocol.DataMessage) (BroadcastResult, error) {
	if s.admitting.Err() != nil {
		err := qerrors.NotSent(context.Cause(s.admitting))
		s.link.Metrics.Failed.Add(qerrors.CodeOf(err), 1)
		return BroadcastResult{}, err
	}
	parcel, err := s.link.Pack(ctx, msg)
	if err != nil {
		return BroadcastResult{}, err
	}
	clients := s.sessions.All()
	result := BroadcastResult{MessageID: parcel.ID(), Total: len(clients)}
	for _, l := range clients {
		err := ctx.Err()
		if err == nil {
			err = l.Offer(parcel)
		} else {
			err = qerrors.FromContext(ctx)
		}
		if err == nil {
			result.Delivered++
			continue
		}
		if result.Failed == nil {
			result.Failed = make(map[string]error)
		}
		result.Failed[l.Session().ClientID()] = qerrors.NotSent(err)
		s.link.Metrics.Dropped.Add(qerrors.CodeOf(err), 1)
		l.Session().Dropped.Add(1)
	}
	s.link.Metrics.Broadcasts.Add(1)
	s.link.Metrics.BroadcastTargets.Add(uint64(result.Delivered))
	s.link.Events.Broadcast(result.MessageID, result.Total, len(result.Failed))
	if ctx.Err() != nil {
		err = qerrors.FromContext(ctx)
	}
	parcel.Offered(result.Total, len(result.Failed), err)
	return result, err
}

// info returns the present state of a session. A client pings twice in the silence
// that is tolerated, so that after three quarters of it a ping is overdue.
func (s *Server) info(l *link.Link) session.Info {
	info := l.Info()
	info.Silent = l.Session().Silence() > s.config.tolerated()*3/4
	return info
}

// Clients returns the connected clients, in no order. Those that connect or
// disconnect during the iteration may or may not be among them.
func (s *Server) Clients() iter.Seq[session.Info] {
	return func(yield func(session.Info) bool) {
		for _, l := range s.sessions.All() {
			if !yield(s.info(l)) {
				return
			}
		}
	}
}

// ClientPage returns a part of the connected clients: the first limit of them, by
// client id, whose ids have the prefix and come after a given id; and how many
// have the prefix. Many clients can so be listed without holding them all.
func (s *Server) ClientPage(prefix, after string, limit int) (page []session.Info, total int) {
	links, total := s.sessions.Page(prefix, after, limit)
	page = make([]session.Info, len(links))
	for i, l := range links {
		page[i] = s.info(l)
	}
	return page, total
}

// Client returns one connected client.
func (s *Server) Client(clientID string) (session.Info, bool) {
	l, ok := s.sessions.Get(clientID)
	if !ok {
		return session.Info{}, false
	}
	return s.info(l), true
}

// Disconnect closes a client's connection at once and tells the client why. A
// client that reconnects by itself will be back after its backoff.
func (s *Server) Disconnect(clientID, reason string) error {
	l, ok := s.sessions.Get(clientID)
	if !ok {
		return unknown(clientID)
	}
	l.Close(qerrors.Disconnected, reason)
	return nil
}
