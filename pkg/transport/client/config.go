package client

import (
	"cmp"
	"log/slog"
	"math"
	"net"
	"time"
	"unicode/utf8"

	"go.opentelemetry.io/otel/trace"

	"github.com/voilet/QuicFlow/internal/fields"
	"github.com/voilet/QuicFlow/internal/link"
	"github.com/voilet/QuicFlow/internal/quicnet"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/monitoring"
)

// ClientConfig configures a Client. A zero field stands for its default; times are from
// a millisecond to ten years. The client copies it: later changes have no effect.
type ClientConfig struct {
	// ClientID is who this client is to the hub: 1 to 128 bytes of printable
	// UTF-8. Required. A second client with the same id replaces the first.
	ClientID string
	// Software is what the hub's log says that the client runs, such as agent/1.4.0: up to
	// 64 bytes of UTF-8. Default quic-backbone-go.
	Software string

	// TLSCAFile names a PEM file with the certificates of the authorities to
	// trust. Empty stands for the system's.
	TLSCAFile string
	// TLSCertFile and TLSKeyFile name a certificate to present, and its key, in
	// PEM. Optional.
	TLSCertFile string
	TLSKeyFile  string
	// EnrollToken is a token that is good once, with which the hub gives the client its
	// certificate. It is written, with a new key, to TLSCertFile and TLSKeyFile, which are
	// then required, when these are not there yet, and renewed as RenewCertificate says.
	EnrollToken string
	// RenewCertificate lets the hub that has given the certificate renew it, when two thirds
	// of its time are over.
	RenewCertificate bool
	// Token is a bearer token to show to the hub, or TokenFile names a file that has one;
	// not both. The file is read at each attempt to connect, and with each heartbeat check:
	// a token that has changed is shown to the hub at once. Optional.
	Token     string
	TokenFile string
	// ServerName is the name that the hub's certificate must have. Empty stands
	// for the host given to Connect.
	ServerName string
	// InsecureSkipVerify trusts any certificate: for tests only, since anyone on
	// the way can then read and change everything.
	InsecureSkipVerify bool

	// ReconnectEnabled makes the client connect again whenever the connection is
	// lost, and go on trying when the hub cannot be reached at first.
	ReconnectEnabled bool
	// InitialBackoff and MaxBackoff bound the wait before an attempt: a random
	// part of a time that doubles with each failed attempt in a row, from the
	// first to the second. Default 1 s and 60 s.
	InitialBackoff time.Duration
	MaxBackoff     time.Duration
	// MaxRetries is how many attempts in a row may fail after the first before
	// the client gives up. 0 is unlimited.
	MaxRetries int

	// HeartbeatInterval is how often the hub is pinged; more often if the hub
	// asks for it. Default 15 s. It must be less than MaxIdleTimeout and HeartbeatTimeout.
	HeartbeatInterval time.Duration
	// HeartbeatTimeout is how long the hub may be silent before a check counts as
	// a strike. Default 45 s.
	HeartbeatTimeout time.Duration
	// HeartbeatCheckInterval is how often that is checked. Default 5 s.
	HeartbeatCheckInterval time.Duration
	// MaxTimeoutCount is how many strikes in a row end the connection. Default 3.
	MaxTimeoutCount int

	// MaxIdleTimeout closes a connection on which nothing arrives; the smaller
	// one of both sides counts. Default 30 s.
	MaxIdleTimeout time.Duration
	// HandshakeTimeout is how long an attempt to connect may take. Default 10 s.
	HandshakeTimeout time.Duration
	// MaxPromises is how many acknowledgements may be awaited at once. Default 50,000.
	MaxPromises int
	// MaxPayload is the largest payload to send or accept, in bytes. Default
	// 1 MiB, at most 64 MiB.
	MaxPayload int
	// MaxQueueBytes is how much may wait to be sent, in bytes, of each priority,
	// and of acknowledgements. When it is reached, sends wait. Default 4 MiB.
	MaxQueueBytes int

	// Socket is a UDP socket shared with other clients. Nil stands for one of the
	// client's own.
	Socket *Socket

	// Logger is told what happens; nil logs nothing.
	Logger *slog.Logger
	// Hooks are called when it happens; nil calls nothing.
	Hooks *monitoring.EventHooks
	// TracerProvider, of OpenTelemetry, makes spans of what is sent and handled, and
	// messages carry their context. Its processors must not block. Nil makes none.
	TracerProvider trace.TracerProvider
}

// maxIncomingStreams is how many streams the hub may have open: its lanes and
// its large frames, with room to spare.
const maxIncomingStreams = 100

func (c *ClientConfig) check() (*link.Config, error) {
	if err := link.CheckClientID(c.ClientID); err != nil {
		return nil, err
	}
	var check fields.Checker
	c.Software = cmp.Or(c.Software, link.Software)
	check.Require(len(c.Software) <= link.MaxSoftware && utf8.ValidString(c.Software), "Software is %q: use up to %d bytes of UTF-8", c.Software, link.MaxSoftware)
	check.Duration("InitialBackoff", &c.InitialBackoff, time.Second)
	check.Duration("MaxBackoff", &c.MaxBackoff, max(60*time.Second, c.InitialBackoff))
	check.Require(c.InitialBackoff <= c.MaxBackoff, "InitialBackoff %v is over MaxBackoff %v", c.InitialBackoff, c.MaxBackoff)
	check.Require(c.MaxRetries >= 0, "MaxRetries is %d: use a positive number, or 0 for no limit", c.MaxRetries)
	check.Duration("HeartbeatInterval", &c.HeartbeatInterval, 15*time.Second)
	check.Duration("HeartbeatTimeout", &c.HeartbeatTimeout, 45*time.Second)
	check.Duration("HeartbeatCheckInterval", &c.HeartbeatCheckInterval, 5*time.Second)
	check.Int("MaxTimeoutCount", &c.MaxTimeoutCount, 3, math.MaxInt32)
	check.Duration("MaxIdleTimeout", &c.MaxIdleTimeout, 30*time.Second)
	check.Require(c.HeartbeatInterval < c.MaxIdleTimeout,
		"HeartbeatInterval %v is not below MaxIdleTimeout %v: the connection would end between two heartbeats", c.HeartbeatInterval, c.MaxIdleTimeout)
	check.Require(c.HeartbeatInterval < c.HeartbeatTimeout,
		"HeartbeatInterval %v is not below HeartbeatTimeout %v: the hub would count as silent between two heartbeats", c.HeartbeatInterval, c.HeartbeatTimeout)
	check.Duration("HandshakeTimeout", &c.HandshakeTimeout, 10*time.Second)
	check.Require(c.EnrollToken == "" && !c.RenewCertificate || c.TLSCertFile != "" && c.TLSKeyFile != "" && c.TLSCertFile != c.TLSKeyFile,
		"TLSCertFile and TLSKeyFile have to name two files, where the certificate that the hub gives and its key are kept")
	check.Require(c.Token == "" || c.TokenFile == "", "Token and TokenFile are both set: leave one out")
	check.Require(c.Socket == nil || c.Socket.socket != nil, "Socket is empty: make it with NewSocket, or leave it nil")
	shared := link.NewConfig(link.Options{
		MaxPayload: c.MaxPayload, MaxQueueBytes: c.MaxQueueBytes, MaxPromises: c.MaxPromises,
		Logger: c.Logger, Hooks: c.Hooks, TracerProvider: c.TracerProvider,
	}, &check)
	return shared, check.Err()
}

func (c *ClientConfig) limits() quicnet.Limits {
	return quicnet.Limits{
		HandshakeTimeout:   c.HandshakeTimeout,
		MaxIdleTimeout:     c.MaxIdleTimeout,
		MaxIncomingStreams: maxIncomingStreams,
	}
}

// Socket is a UDP socket that many clients of one process can share.
type Socket struct {
	socket *quicnet.Socket
}

// NewSocket returns a socket on pc, which it owns from now on.
func NewSocket(pc net.PacketConn) *Socket {
	if pc == nil {
		return &Socket{} // which NewClient refuses
	}
	return &Socket{quicnet.NewSocket(pc)}
}

// Close closes the socket. The clients on it should have been closed before.
func (s *Socket) Close() error {
	if s.socket == nil {
		return nil
	}
	return s.socket.Close()
}

// NewClient returns a client that is not connected yet. It fails when a field of
// the configuration is unusable or a certificate cannot be loaded.
func NewClient(config *ClientConfig) (*Client, error) {
	if config == nil {
		return nil, qerrors.New(qerrors.InvalidConfig, "the configuration is nil: a client needs at least a ClientID")
	}
	c := *config
	shared, err := c.check()
	if err != nil {
		return nil, err
	}
	if _, err := c.readToken(); err != nil {
		return nil, err
	}
	cert, err := newCertificate(&c)
	if err != nil {
		return nil, qerrors.New(qerrors.InvalidConfig, "%w", err)
	}
	shared.Certificate = cert
	return newClient(c, shared, cert), nil
}
