package server

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/voilet/QuicFlow/internal/link"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// Authenticator decides by what a client shows whether it is who it says. Package auth
// has some.
type Authenticator interface {
	// Authenticate returns who the client is. An error with the code NoCredential says
	// that the client has shown nothing of the kind that this one knows, so that the
	// next is asked; any other refuses the client, with its code and message, which
	// must not repeat the credential. It is called from many goroutines, before
	// anything is done for the client, and again when a client shows a new token. When
	// ctx ends, it has to return.
	Authenticate(ctx context.Context, c Credentials) (Identity, error)
}

// Credentials are what a client shows of who it is. Nothing of it has been checked, but
// that it has the key of its certificate.
type Credentials struct {
	ClientID     string // who it says it is
	Certificates []*x509.Certificate
	Token        string
	RemoteAddr   net.Addr
}

// String leaves out what is secret.
func (c Credentials) String() string { return fmt.Sprintf("the credentials of %q", c.ClientID) }

// GoString is String.
func (c Credentials) GoString() string { return c.String() }

// LogValue is String, for logs of every format.
func (c Credentials) LogValue() slog.Value { return slog.StringValue(c.String()) }

// Identity is who a client has shown to be.
type Identity struct {
	// ClientID has to be the one of the credentials.
	ClientID string
	// Method is the kind of credential, such as mtls.
	Method string
	// Expires is when the connection is closed, unless the client has shown a new
	// credential by then. Zero stands for never.
	Expires time.Time
	// Check returns why the credential is not good any more, if it is not: the connection
	// is closed with that. It is called with each check of heartbeats, for each client
	// on one goroutine, so it has to be quick. Nil stands for a credential that stays good.
	Check func() error
}

// authenticate asks the authenticators in their order. Nobody is asked when there are
// none: then each client is who it says it is.
func (s *Server) authenticate(ctx context.Context, l *link.Link, clientID, token string) (*link.Permit, error) {
	if len(s.config.Authenticators) == 0 {
		return nil, nil
	}
	c := conn(l)
	credentials := Credentials{
		ClientID: clientID, Certificates: c.PeerCertificates(), Token: token, RemoteAddr: c.RemoteAddr(),
	}
	for _, a := range s.config.Authenticators {
		id, err := a.Authenticate(ctx, credentials)
		switch {
		case err == nil && id.ClientID == clientID:
			return &link.Permit{Method: id.Method, Expires: id.Expires, Check: id.Check}, nil
		case err == nil:
			return nil, qerrors.New(qerrors.Unauthenticated, "the credential is not one of this client id")
		case errors.Is(err, qerrors.ErrNoCredential):
		case qerrors.CodeOf(err) == qerrors.Internal: // what went wrong here is not the client's business
			s.link.Log.Error("an authenticator has failed", "client_id", clientID, "error", err)
			return nil, qerrors.New(qerrors.Unauthenticated, "the hub cannot tell at the moment who the client is: try again later")
		default:
			return nil, err
		}
	}
	return nil, qerrors.New(qerrors.NoCredential,
		"the hub takes no client without a credential that it knows: give the client a certificate and its key (-cert, -key), or a token (-token-file)")
}

// control acts on the control frames that are about who a client is.
func (s *Server) control(l *link.Link, kind any) {
	if f, ok := kind.(*protocol.Frame_Credential); ok {
		s.reauthenticate(l, f.Credential.GetToken())
	}
}

// reauthenticate takes a new token of a client that is connected. One that is not good
// changes nothing, but that the client is told.
func (s *Server) reauthenticate(l *link.Link, token string) {
	ctx, cancel := context.WithTimeout(s.admitting, s.config.HandshakeTimeout)
	defer cancel()
	clientID := l.Session().ClientID()
	permit, err := s.authenticate(ctx, l, clientID, token)
	var result protocol.CredentialResult
	if err != nil {
		s.link.Metrics.Refused.Add(qerrors.CodeOf(err), 1)
		s.link.Log.Warn("a new credential was refused", "client_id", clientID, "session_id", l.Session().ID(),
			"code", qerrors.CodeOf(err), "error", err)
		result.Code, result.Reason = uint32(qerrors.CodeOf(err)), qerrors.From(err).Message
	} else {
		l.Give(permit)
		s.link.Log.Debug("a new credential was taken", "client_id", clientID, "session_id", l.Session().ID())
	}
	l.Answer(&protocol.Frame{Kind: &protocol.Frame_CredentialResult{CredentialResult: &result}})
}
