package server

import (
	"context"
	"crypto/rand"

	"github.com/voilet/QuicFlow/internal/link"
	"github.com/voilet/QuicFlow/internal/quicnet"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/monitoring"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// accept takes connections in as fast as they come; their hello is awaited
// elsewhere. It ends when the listener stops accepting.
func (s *Server) accept(listener *quicnet.Listener) {
	for {
		conn, err := listener.Accept(context.Background())
		if err != nil {
			s.acceptEnded(err)
			return
		}
		s.wg.Go(func() { s.serve(conn) })
	}
}

// acceptEnded stops a server whose socket has failed.
func (s *Server) acceptEnded(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state != serving {
		return
	}
	s.failure = err
	s.link.CountNetworkError(err)
	s.link.Log.Error("the socket failed", "code", qerrors.CodeOf(err), "error", err)
	s.link.Events.Error(err)
	go func() { _ = s.Stop(context.Background()) }() // reported by Wait
}

// serve is one connection until its client is admitted or refused.
func (s *Server) serve(conn *quicnet.Conn) {
	l := link.New(conn, s.link)
	hello, talk, err := s.admit(l)
	conn.Entry().(*entry).Settle()
	if err != nil {
		s.notAdmitted(hello, conn, err)
		_ = l.Run() // only tidies up
		if talk != nil {
			s.talks.leave(talk, false, err)
		}
		return
	}
	if hello == nil { // the client came for a certificate
		_ = l.Run()
		return
	}
	s.wg.Add(1)
	l.Start(func(cause error) {
		defer s.wg.Done()
		s.leave(l, conn, talk, cause)
	})
}

// notAdmitted counts and logs that a connection has become no session: it was refused, unless
// the client has closed it in order, such as one that it had dialed beside another.
func (s *Server) notAdmitted(hello *protocol.Hello, conn *quicnet.Conn, err error) {
	code, remote, log := qerrors.CodeOf(err), conn.RemoteAddr().String(), s.link.Log
	if hello != nil {
		log = log.With("client_id", hello.ClientId)
	}
	if code == qerrors.OK {
		log.Debug("closed before it had a session", "remote", remote, "error", err)
		return
	}
	s.link.Metrics.Refused.Add(code, 1)
	if code == qerrors.TooManyClients {
		s.link.Metrics.Limited.Add(monitoring.LimitClients)
	}
	s.refusedClient(hello, conn, err)
	log.Warn("refused", "remote", remote, "code", code, "error", err)
}

// leave is the end of a session, of which nothing runs any more.
func (s *Server) leave(l *link.Link, conn *quicnet.Conn, talk *conversation, cause error) {
	clientID := talk.clientID
	if !s.sessions.Remove(l, func() { s.link.Events.Disconnect(clientID, cause) }) {
		cause = replaced()
	}
	s.ended(l, cause)
	s.talks.leave(talk, true, cause)
	s.sessionEnded(l, cause)
	if err := stopQlog(conn); err != nil {
		s.link.Log.Error("qlog not closed", "client_id", clientID, "session_id", l.Session().ID(), "error", err)
	}
}

// admit opens the session of a client that says hello in time, unless there are
// too many, or it is not who it says. A client with the same id is replaced. With the
// conversation, [conversations.leave] comes last. Without hello and error, the client has
// got a certificate instead.
func (s *Server) admit(l *link.Link) (*protocol.Hello, *conversation, error) {
	ctx, cancel := context.WithTimeout(s.admitting, s.config.HandshakeTimeout)
	defer cancel()
	hello, enroll, err := l.AwaitHello(ctx)
	if err != nil {
		return nil, nil, err
	}
	if enroll != nil {
		if err := s.enroll(ctx, l, enroll); err != nil {
			return &protocol.Hello{ClientId: enroll.ClientId}, nil, err
		}
		return nil, nil, nil
	}
	// Before anything that another client with this id could notice.
	permit, err := s.authenticate(ctx, l, hello.ClientId, hello.Token, conn(l).PeerCertificates())
	if err != nil {
		l.Refuse(err)
		return hello, nil, err
	}
	talk := s.talks.of(hello.ClientId)
	if err := l.Open(ctx, talk.Conversation, hello, rand.Text(), replaced()); err != nil {
		return hello, talk, err
	}
	l.Give(permit)
	s.restrict(l)
	before, err := s.sessions.Add(l, func(before *link.Link) {
		if before != nil {
			s.link.Events.Disconnect(hello.ClientId, replaced())
		}
		s.link.Metrics.Connections.Add(1)
		if hello.SessionsBefore > 0 {
			s.link.Metrics.Reconnects.Add(1)
		}
		s.link.Events.Connect(hello.ClientId)
		// Before anybody else can send to the client, so that this comes first.
		l.Welcome(&protocol.Welcome{
			Software:           link.Software,
			HeartbeatTimeoutMs: uint64(s.config.tolerated().Milliseconds()),
		})
	})
	if err != nil {
		l.Refuse(err)
		return hello, talk, err
	}
	if before != nil {
		before.Refuse(replaced())
	}
	info := l.Session().Info()
	if l.Resumed() {
		s.link.Metrics.Resumed.Add(1)
	}
	s.link.Log.Info("connected", "client_id", hello.ClientId, "session_id", info.SessionID,
		"remote", info.RemoteAddr, "method", permit.Name(), "resumed", l.Resumed(), "software", hello.Software)
	s.admission(Admission{ClientID: hello.ClientId, SessionID: info.SessionID, RemoteAddr: info.RemoteAddr, Method: permit.Name()})
	return hello, talk, nil
}

// replaced is why a session ends whose client has come back on another connection.
func replaced() error {
	return &qerrors.Error{Code: qerrors.Replaced, Message: "another connection with the same client id took over"}
}

// ended counts and logs the end of a session, of which nothing runs any more.
func (s *Server) ended(l *link.Link, cause error) {
	code := qerrors.CodeOf(cause)
	s.link.Metrics.Disconnected.Add(code, 1)
	log := s.link.Log.With("client_id", l.Session().ClientID(), "session_id", l.Session().ID(),
		"dropped", l.Session().Dropped.Load(), "code", code)
	if code == qerrors.OK {
		log.Info("disconnected")
	} else {
		log.Warn("disconnected", "error", cause)
	}
}
