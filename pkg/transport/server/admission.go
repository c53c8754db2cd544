package server

import (
	"github.com/voilet/QuicFlow/internal/link"
	"github.com/voilet/QuicFlow/internal/quicnet"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// Admission is how a client was let in or refused, or how its session ended.
type Admission struct {
	ClientID   string // as the hello has it; empty if none came
	SessionID  string // empty if it was refused
	RemoteAddr string
	Method     string // how a client that was let in has shown who it is; none if it had not to
	Ended      bool   // the session has ended
	Err        error  // why the client was refused, or the session ended; nil if it was let in, or ended in order
}

// admission tells ServerConfig.Admissions.
func (s *Server) admission(a Admission) {
	if s.config.Admissions != nil {
		s.config.Admissions(a)
	}
}

func (s *Server) refusedClient(hello *protocol.Hello, conn *quicnet.Conn, err error) {
	s.admission(Admission{ClientID: hello.GetClientId(), RemoteAddr: conn.RemoteAddr().String(), Err: err})
}

// sessionEnded tells of the end of a session.
func (s *Server) sessionEnded(l *link.Link, cause error) {
	if qerrors.CodeOf(cause) == qerrors.OK {
		cause = nil
	}
	s.admission(Admission{ClientID: l.Session().ClientID(), SessionID: l.Session().ID(),
		RemoteAddr: l.Conn().RemoteAddr().String(), Ended: true, Err: cause})
}
