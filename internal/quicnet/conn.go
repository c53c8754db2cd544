// Package quicnet is the only one that knows quic-go: it listens, dials, keeps
// keys and limits, and turns QUIC's errors into this project's.
package quicnet

import (
	"context"
	"crypto/x509"
	"io"
	"net"
	"strings"
	"time"

	"github.com/quic-go/quic-go"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// ALPN names the protocol in the TLS handshake (RFC 7301).
const ALPN = "quic-backbone/1"

// ReceiveStream is the receiving end of a stream.
type ReceiveStream = interface {
	io.Reader
	Peek(b []byte) (int, error)
}

// Conn is one QUIC connection. Its methods may be called from any goroutine.
type Conn struct {
	qc *quic.Conn
}

func newConn(qc *quic.Conn) *Conn { return &Conn{qc} }

// Open opens a unidirectional stream; it waits while the peer allows no more.
func (c *Conn) Open(ctx context.Context, urgency int8) (io.WriteCloser, error) {
	s, err := c.qc.OpenUniStreamSync(ctx)
	if err != nil {
		return nil, translate(err)
	}
	s.SetPriority(urgency, true)
	return s, nil
}

// Accept waits for the next unidirectional stream of the peer.
func (c *Conn) Accept(ctx context.Context) (ReceiveStream, error) {
	s, err := c.qc.AcceptUniStream(ctx)
	if err != nil {
		return nil, translate(err)
	}
	return s, nil
}

// maxReason keeps the reason of a close within one small packet.
const maxReason = 256

// Close closes the connection at once and tells the peer why.
func (c *Conn) Close(code qerrors.Code, reason string) {
	if len(reason) > maxReason {
		reason = reason[:maxReason]
	}
	// The error is nil by contract.
	_ = c.qc.CloseWithError(quic.ApplicationErrorCode(code), strings.ToValidUTF8(reason, ""))
}

// Context ends with the connection.
func (c *Conn) Context() context.Context { return c.qc.Context() }

// Cause returns why the connection has ended, an *errors.Error, and nil while it lives.
// The cause of its context is one of QUIC: a context of its own would take half a KiB.
func (c *Conn) Cause() error { return translate(context.Cause(c.qc.Context())) }

// RemoteAddr returns the peer's present address.
func (c *Conn) RemoteAddr() net.Addr { return c.qc.RemoteAddr() }

// PeerCertificates returns the certificates that the peer has shown, its own first. It has
// proved that it has the key, but nobody has looked at anything else. On a session that
// was resumed they are those of the first connection.
func (c *Conn) PeerCertificates() []*x509.Certificate {
	return c.qc.ConnectionState().TLS.PeerCertificates
}

// RTT returns the smoothed round-trip time.
func (c *Conn) RTT() time.Duration { return c.qc.ConnectionStats().SmoothedRTT }

// Lost returns how many packets of this side were declared lost, and their bytes.
func (c *Conn) Lost() (packets, bytes uint64) {
	stats := c.qc.ConnectionStats()
	return stats.PacketsLost, stats.BytesLost
}
