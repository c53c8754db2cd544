package server

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/voilet/QuicFlow/internal/link"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// Stop ends the server in order: no new clients and no new messages; what is
// under way in either direction is handled and acknowledged; each client is told
// when to come back. When it returns, nothing of the server runs any more,
// except handlers that ignore the end of their context.
//
// When ctx ends first, connections are closed as they are and handlers'
// contexts are cancelled; the error says what was not finished.
func (s *Server) Stop(ctx context.Context) error {
	s.mu.Lock()
	before := s.state
	s.state = draining
	s.mu.Unlock()
	switch before {
	case idle:
		close(s.stopped)
		return nil
	case draining:
		select {
		case <-s.stopped:
			return nil
		case <-ctx.Done():
			return qerrors.FromContext(ctx)
		}
	}
	defer close(s.stopped)
	ended := &qerrors.Error{Code: qerrors.Draining, Message: "the hub is being stopped"}
	_ = s.listener.StopAccepting() // fails only when the socket has failed, which Close says
	s.refuse(ended)
	cut := s.drain(ctx, s.sessions.Close(ended))
	unfinished := s.link.Finish(ctx)
	s.wg.Wait()
	err := s.listener.Close()
	_ = s.link.Events.Wait(ctx) // hooks that have yet to run do so afterwards
	s.link.Log.Info("stopped", "connections_cut", cut, "handlers_unfinished", unfinished)
	if cut > 0 || unfinished > 0 {
		return qerrors.New(qerrors.Timeout,
			"stopped before all was done: %d connections were cut and %d messages not handled: %w",
			cut, unfinished, context.Cause(ctx))
	}
	return err
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
			if l.Drain(ctx, qerrors.Draining, "the hub is being stopped", rand.N(window)) != nil && ctx.Err() != nil {
				cut.Add(1)
			}
		})
	}
	wg.Wait()
	return int(cut.Load())
}
