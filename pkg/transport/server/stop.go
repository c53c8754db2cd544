package server

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/voilet/QuicFlow/internal/link"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// Stop ends the server in order: no new clients and no new messages; what is
// under way in either direction is handled and acknowledged; each client is told
// when to come back. When it returns, nothing of the server runs any more,
// except handlers that ignore the end of their context. A handler that calls Stop
// has to do so on a goroutine of its own, since Stop waits for handlers.
//
// When ctx ends first, connections are closed as they are and handlers'
// contexts are cancelled; the error says what was not finished.
func (s *Server) Stop(ctx context.Context) error {
	s.mu.Lock()
	before := s.state
	s.state = draining
	s.mu.Unlock()
	if before == draining {
		return s.awaitStop(ctx)
	}
	ended := &qerrors.Error{Code: qerrors.Draining, Message: "the hub is being stopped"}
	s.refuse(ended)
	links := s.sessions.Close(ended)
	defer close(s.stopped)
	if before == idle {
		return nil
	}
	s.talks.close(qerrors.New(qerrors.ConnectionLost, "the connection has ended: %w", ended))
	_ = s.listener.StopAccepting() // fails only when the socket has failed, which Close says
	cut := s.drain(ctx, links)
	close(s.drained)
	s.wg.Wait() // first, so that nothing more is given to handlers
	unfinished := s.link.Finish(ctx)
	err := s.listener.Close()
	_ = s.link.Events.Wait(ctx) // hooks that have yet to run do so afterwards
	s.link.FlushLog()
	s.link.Log.Info("stopped", "connections_cut", cut, "handlers_unfinished", unfinished)
	if cut > 0 || unfinished > 0 {
		err = qerrors.New(qerrors.Timeout,
			"stopped before all was done: %d connections were cut and %d messages not handled: %w",
			cut, unfinished, context.Cause(ctx))
	}
	s.mu.Lock()
	s.stopErr = err
	s.mu.Unlock()
	return err
}

// awaitStop waits for a Stop that was called before, and returns what it returned.
// When ctx ends first, it cuts the connections that are still there, and cancels
// the contexts of handlers.
func (s *Server) awaitStop(ctx context.Context) error {
	select {
	case <-s.stopped:
	case <-ctx.Done():
		for _, l := range s.sessions.All() {
			l.Close(qerrors.Draining, "the hub is being stopped")
		}
		s.link.CancelHandlers()
		return qerrors.FromContext(ctx)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stopErr
}

// drain ends all links in order and returns how many had to be cut.
func (s *Server) drain(ctx context.Context, links []*link.Link) int {
	window := s.config.ReconnectWindow
	if window == 0 {
		window = max(time.Second, time.Duration(len(links))*time.Millisecond)
	}
	var (
		wg  sync.WaitGroup
		cut atomic.Int32
	)
	for _, l := range links {
		wg.Go(func() {
			// A connection that was lost meanwhile is not of our making, and was
			// reported.
			if l.Drain(ctx, &protocol.GoAway{
				Code: uint32(qerrors.Draining), Reason: "the hub is being stopped",
				ReconnectAfterMs: uint64(rand.N(window).Milliseconds()), Address: s.config.ReconnectAddress,
			}) != nil && ctx.Err() != nil {
				cut.Add(1)
			}
		})
	}
	wg.Wait()
	return int(cut.Load())
}
