// Package server is the hub: it accepts clients and exchanges messages with them.
//
//	srv, err := server.NewServer(&server.ServerConfig{
//		TLSCertFile: "certs/server.crt",
//		TLSKeyFile:  "certs/server.key",
//	})
//	...
//	srv.SetDispatcher(d)
//	if err := srv.Start(":8474"); err != nil { ... }
//	ack, err := srv.SendMessage(ctx, "client-001", msg, true, 0)
//	...
//	err = srv.Stop(ctx)
//
// Errors are described in package errors. All methods may be called from any
// goroutine. Several servers in one process do not touch each other.
package server

import (
	"context"
	"errors"
	"iter"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/voilet/QuicFlow/internal/link"
	"github.com/voilet/QuicFlow/internal/quicnet"
	"github.com/voilet/QuicFlow/pkg/dispatcher"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/monitoring"
	"github.com/voilet/QuicFlow/pkg/session"
)

// Server is a hub. It can be started and stopped once.
type Server struct {
	config   ServerConfig
	link     *link.Config
	auth     *quicnet.ServerAuth
	sessions *session.Registry[*link.Link]
	talks    conversations
	gate     *gate

	// admitting ends when Stop begins: who has not said hello by then is refused.
	admitting context.Context
	refuse    context.CancelCauseFunc

	mu       sync.Mutex
	state    state
	listener *quicnet.Listener
	failure  error // why the server ended by itself
	stopErr  error // what Stop returned

	wg      sync.WaitGroup // accept loop, sweeper, and one for each connection
	drained chan struct{}  // closed when all connections have ended
	stopped chan struct{}  // closed when Stop is done
}

type state int

const (
	idle state = iota
	serving
	draining
)

func newServer(c ServerConfig, shared *link.Config, auth *quicnet.ServerAuth) *Server {
	s := &Server{
		config:   c,
		link:     shared,
		auth:     auth,
		sessions: session.NewRegistry[*link.Link](c.MaxClients),
		talks:    conversations{config: shared, keep: c.SessionRetention, max: c.MaxClients, all: make(map[string]*conversation)},
		drained:  make(chan struct{}),
		stopped:  make(chan struct{}),
	}
	s.gate = newGate(&s.config, shared.Metrics, shared.Log)
	shared.Links, shared.Control = s.links, s.control
	s.admitting, s.refuse = context.WithCancelCause(context.Background())
	return s
}

// SetDispatcher makes d handle the messages that arrive from now on. Without one
// each message is answered with a FAILURE that says there is no handler.
func (s *Server) SetDispatcher(d *dispatcher.Dispatcher) { s.link.SetDispatcher(d) }

// Start listens on addr, host:port or :port, and returns. It fails when the
// address cannot be listened on, and when the server was started before.
func (s *Server) Start(addr string) error {
	pc, err := quicnet.ListenUDP(addr)
	if err != nil {
		return err
	}
	return s.StartOn(pc)
}

// StartOn is Start for a socket that exists already. The server owns it from now
// on, also when StartOn fails.
func (s *Server) StartOn(pc net.PacketConn) error {
	if pc == nil {
		return qerrors.New(qerrors.InvalidArgument, "the socket is nil")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state != idle {
		return errors.Join(qerrors.New(qerrors.InvalidArgument, "the server was started before: make a new one"), pc.Close())
	}
	listener, err := quicnet.Listen(pc, s.auth, s.config.limits(), s.gate)
	if err != nil {
		return err
	}
	s.state, s.listener = serving, listener
	s.wg.Go(func() { s.accept(listener) })
	s.wg.Go(s.sweep)
	s.watchFiles()
	s.link.Log.Info("listening", "addr", listener.Addr().String())
	return nil
}

// Addr returns the address that the server listens on, or nil before Start.
func (s *Server) Addr() net.Addr {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.listener == nil {
		return nil
	}
	return s.listener.Addr()
}

// Wait returns when the server has been stopped. The error is not nil when it
// ended by itself, because its socket failed.
func (s *Server) Wait() error {
	<-s.stopped
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failure
}

// Ready returns why the server does not serve at the moment, and nil while it does:
// between Start and Stop, also while it has all the clients that it may have.
func (s *Server) Ready() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch s.state {
	case serving:
		return s.failure
	case idle:
		return qerrors.New(qerrors.NotConnected, "the hub does not listen yet")
	default:
		return qerrors.New(qerrors.Draining, "the hub is being stopped")
	}
}

// GetMetrics returns the present state and all that was counted so far.
func (s *Server) GetMetrics() monitoring.Snapshot { return s.link.Metrics.Snapshot() }

// Traffic returns what was sent and received so far, a part of GetMetrics that costs
// little.
func (s *Server) Traffic() monitoring.Traffic { return s.link.Traffic() }

// Registry returns the registry with the server's metrics, which are what
// GetMetrics returns. It is the server's own: two servers in a process have two.
// Collectors of the application may be added to it.
func (s *Server) Registry() *prometheus.Registry { return s.link.Registry() }

// Reloads counts what becomes of files that are read again when they change. The
// application may add what becomes of its own.
func (s *Server) Reloads() *monitoring.Reloads { return &s.link.Metrics.Reloads }

func (s *Server) links() iter.Seq[*link.Link] { return slices.Values(s.sessions.All()) }

// sweep is the one goroutine that checks the heartbeats and the credentials of all
// sessions.
func (s *Server) sweep() {
	ticker := time.NewTicker(s.config.HeartbeatCheckInterval)
	defer ticker.Stop()
	for {
		select {
		case now := <-ticker.C:
			s.gate.forget()
			for _, l := range s.sessions.All() {
				l.CheckPermit(now)
				l.CheckHeartbeat(s.config.HeartbeatTimeout, s.config.MaxTimeoutCount)
			}
		case <-s.drained:
			return
		}
	}
}
