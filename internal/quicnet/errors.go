package quicnet

import (
	"crypto/tls"
	"errors"
	"net"

	"github.com/quic-go/quic-go"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// translate turns an error of quic-go into one of this project.
func translate(err error) error {
	var (
		own         *qerrors.Error
		application *quic.ApplicationError
		transport   *quic.TransportError
		idle        *quic.IdleTimeoutError
		handshake   *quic.HandshakeTimeoutError
		reset       *quic.StatelessResetError
		version     *quic.VersionNegotiationError
		network     *net.OpError
	)
	switch {
	case err == nil:
		return nil
	case errors.As(err, &own):
		return err
	case errors.As(err, &application):
		return &qerrors.Error{
			Code: closeCode(application), Message: application.ErrorMessage, Remote: application.Remote, Err: err,
		}
	case errors.As(err, &idle):
		return qerrors.New(qerrors.IdleTimeout, "nothing came from the peer within the idle timeout: %w", err)
	case errors.As(err, &handshake):
		return unanswered("the hub", err)
	case errors.As(err, &reset):
		return qerrors.New(qerrors.PeerRestarted, "the peer does not know this connection any more: %w", err)
	case errors.As(err, &version):
		return qerrors.New(qerrors.Incompatible, "no common QUIC version: %w", err)
	case errors.As(err, &transport):
		return translateTransport(transport, err)
	case errors.As(err, &network):
		return qerrors.New(qerrors.Unreachable, "the network cannot be used: %w", err)
	default:
		return qerrors.From(err)
	}
}

// closeCode returns the code that a connection was closed with. A peer can send any
// number; one that is unknown, or that says what only this side can know, counts
// as Internal.
func closeCode(e *quic.ApplicationError) qerrors.Code {
	if !e.Remote {
		return qerrors.Code(e.ErrorCode)
	}
	if e.ErrorCode < qerrors.NumCodes {
		switch code := qerrors.Code(e.ErrorCode); code {
		case qerrors.OK, qerrors.PayloadTooLarge, qerrors.Draining,
			qerrors.ProtocolViolation, qerrors.FrameTooLarge, qerrors.HelloTimeout, qerrors.InvalidClientID,
			qerrors.TooManyClients, qerrors.Replaced, qerrors.HeartbeatTimeout, qerrors.Disconnected,
			qerrors.Unauthenticated, qerrors.NoCredential, qerrors.CredentialRevoked, qerrors.CredentialExpired,
			qerrors.CredentialUsed:
			return code
		}
	}
	return qerrors.Internal
}

func unanswered(addr string, err error) error {
	return qerrors.New(qerrors.Unreachable,
		"no answer from %s: check the address, that the hub runs, and that UDP is let through: %w", addr, err)
}

func translateTransport(e *quic.TransportError, err error) error {
	switch {
	case e.ErrorCode == quic.ConnectionRefused:
		return remote(e, qerrors.New(qerrors.Unreachable, "the hub takes no connections at the moment: %w", err))
	case !e.ErrorCode.IsCryptoError():
		return remote(e, qerrors.New(qerrors.TransportFailed, "QUIC gave the connection up: %w", err))
	}
	var verification *tls.CertificateVerificationError
	if errors.As(err, &verification) {
		return qerrors.New(qerrors.BadCertificate,
			"the hub's certificate is not trusted: name the CA that signed it, and connect under a name that it has: %w", verification.Err)
	}
	switch alert := uint8(e.ErrorCode); alert { // RFC 9001, section 4.8: 0x100 and the TLS alert
	case alertNoProtocol, alertVersion:
		return remote(e, qerrors.New(qerrors.Incompatible, "the peer does not speak %s: %w", ALPN, err))
	case alertBadCertificate, alertUnsupportedCertificate, alertRevoked, alertExpired,
		alertUnknownCertificate, alertUnknownCA, alertCertificateRequired:
		return remote(e, qerrors.New(qerrors.BadCertificate, "the certificate was rejected: %w", err))
	default:
		return remote(e, qerrors.New(qerrors.TransportFailed, "the TLS handshake failed: %w", err))
	}
}

func remote(e *quic.TransportError, err *qerrors.Error) error {
	err.Remote = e.Remote
	return err
}

// TLS alerts, RFC 8446, section 6.
const (
	alertBadCertificate         = 42
	alertUnsupportedCertificate = 43
	alertRevoked                = 44
	alertExpired                = 45
	alertUnknownCertificate     = 46
	alertUnknownCA              = 48
	alertVersion                = 70
	alertCertificateRequired    = 116
	alertNoProtocol             = 120
)
