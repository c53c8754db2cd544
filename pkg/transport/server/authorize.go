package server

import (
	"errors"
	"time"

	"github.com/voilet/QuicFlow/internal/link"
	"github.com/voilet/QuicFlow/pkg/protocol"
	"github.com/voilet/QuicFlow/pkg/session"
)

// Authorizer decides what clients may do. A message that a client may not send is not
// handled: who awaits its acknowledgement gets a FAILURE with the code PermissionDenied.
// One that a client may not receive fails at its sender with that code.
//
// An Authorizer that is made of a file may have two more methods, those of
// [github.com/voilet/QuicFlow/pkg/policy.File]: Watch, which the server runs from
// Start to Stop, and Reread, which [Server.Reread] calls. The server logs and counts
// what they report.
type Authorizer interface {
	// Permissions returns what a client may do. It is asked once for each session, when
	// the client has been admitted. Nil stands for nothing at all.
	Permissions(clientID string) session.Permissions
}

// restrict makes the link ask the authorizer, if there is one.
func (s *Server) restrict(l *link.Link) {
	if s.config.Authorizer == nil {
		return
	}
	may := s.config.Authorizer.Permissions(l.Session().ClientID())
	if may == nil {
		may = nothing{}
	}
	l.Restrict(may)
}

// nothing is what a client may do that the authorizer does not know.
type nothing struct{}

func (nothing) MaySend(*protocol.DataMessage) (time.Duration, error) {
	return 0, errors.New("the client may not send anything")
}

func (nothing) MayReceive(protocol.MessageType) error {
	return errors.New("the client may not receive anything")
}
