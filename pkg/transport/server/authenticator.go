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
//
// One that is made of files, as an Enroller too, may have three more methods, those of
// [github.com/voilet/QuicFlow/pkg/auth.Tokens]: Watch, which the server runs from Start
// to Stop, Reread, which [Server.Reread] calls, and Kind, by which the server counts what
// they report.
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
func (s *Server) authenticate(ctx context.Context, l *link.Link, clientID, token string, chain []*x509.Certificate) (*link.Permit, error) {
	if len(s.config.Authenticators) == 0 {
		return nil, nil
	}
	credentials := Credentials{ClientID: clientID, Certificates: chain, Token: token, RemoteAddr: conn(l).RemoteAddr()}
	for _, a := range s.config.Authenticators {
		id, err := a.Authenticate(ctx, credentials)
		switch {
		case err == nil && id.ClientID == clientID:
			return &link.Permit{Method: id.Method, Expires: id.Expires, Check: id.Check, Certificates: chain}, nil
		case err == nil:
			return nil, qerrors.New(qerrors.Unauthenticated, "the credential is not one of this client id")
		case errors.Is(err, qerrors.ErrNoCredential):
		default:
			return nil, s.withoutInternals(clientID, err)
		}
	}
	return nil, noneKnown(credentials)
}

// noneKnown is the error of a client that has shown nothing that an authenticator knows.
func noneKnown(c Credentials) error {
	switch {
	case c.Token != "":
		return qerrors.New(qerrors.NoCredential,
			"the client's token is not of a kind that this hub takes, or a part of it is missing: show the whole line that quic-ctl token add has printed, or a JWT if the hub takes these")
	case len(c.Certificates) > 0:
		return qerrors.New(qerrors.NoCredential, "this hub takes no certificates of clients: give the client a token (-token-file), or the hub a -client-ca")
	default:
		return qerrors.New(qerrors.NoCredential,
			"the hub takes no client without a credential that it knows: give the client a certificate and its key (-cert, -key), or a token (-token-file)")
	}
}

// withoutInternals returns err as it may be told to a client: what went wrong within the
// hub is only logged.
func (s *Server) withoutInternals(clientID string, err error) error {
	if qerrors.CodeOf(err) != qerrors.Internal {
		return err
	}
	s.link.Log.Error("a credential could not be checked", "client_id", clientID, "error", err)
	return qerrors.New(qerrors.Unauthenticated, "the hub cannot check the credential at the moment: try again later")
}

// control acts on the control frames that are about who a client is.
func (s *Server) control(l *link.Link, kind any) {
	switch kind := kind.(type) {
	case *protocol.Frame_Credential:
		if l.AwaitCheck() == nil {
			s.reauthenticate(l, kind.Credential.GetToken())
		}
	case *protocol.Frame_Enroll:
		if l.AwaitCheck() == nil {
			s.renew(l, kind.Enroll)
		}
	}
}

// reauthenticate takes a new token of a client that is connected. One that is not good
// changes nothing, but that the client is told.
func (s *Server) reauthenticate(l *link.Link, token string) {
	ctx, cancel := context.WithTimeout(s.admitting, s.config.HandshakeTimeout)
	defer cancel()
	clientID := l.Session().ClientID()
	var chain []*x509.Certificate // perhaps a newer one than that of the handshake
	if before := l.Permit(); before != nil {
		chain = before.Certificates
	}
	permit, err := s.authenticate(ctx, l, clientID, token, chain)
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
