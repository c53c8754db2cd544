package server

import (
	"crypto/rand"
	"log/slog"
	"math"
	"slices"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/voilet/QuicFlow/internal/fields"
	"github.com/voilet/QuicFlow/internal/link"
	"github.com/voilet/QuicFlow/internal/quicnet"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/monitoring"
)

// ServerConfig configures a Server. A zero field stands for its default; times are from
// a millisecond to ten years. The server copies it: later changes have no effect.
type ServerConfig struct {
	// TLSCertFile and TLSKeyFile name the server's certificate and key in PEM.
	// Both are required: QUIC is always encrypted.
	TLSCertFile string
	TLSKeyFile  string

	// Authenticators are asked in this order who a client is, until one knows. Without any,
	// whoever reaches the hub can be any client.
	Authenticators []Authenticator
	// Enroller gives clients certificates, by which Authenticators should know them. Nil
	// gives none.
	Enroller Enroller

	// MaxIdleTimeout closes a connection on which nothing arrives, not even
	// QUIC's own acknowledgements; the smaller one of both sides counts.
	// Default 30 s.
	MaxIdleTimeout time.Duration
	// MaxIncomingStreams is how many streams a client may have open. Default
	// 1,000, at least 16.
	MaxIncomingStreams int
	// HandshakeTimeout is how long a client may take for the QUIC handshake, and
	// then for its hello. Default 5 s.
	HandshakeTimeout time.Duration

	// HeartbeatCheckInterval is how often all sessions are checked. Default 5 s.
	HeartbeatCheckInterval time.Duration
	// HeartbeatTimeout is how long a client may be silent before a check counts
	// as a strike. Default 45 s.
	HeartbeatTimeout time.Duration
	// MaxTimeoutCount is how many strikes in a row remove a client. Default 3.
	MaxTimeoutCount int

	// MaxClients is how many clients may be connected; the next is refused.
	// Default 10,000.
	MaxClients int
	// MaxClientsPerIP is how many connections one IP address may have; an IPv6 network of
	// 64 bits counts as one. Leave room for those of clients that have gone and are not
	// missed yet. Default: no limit but MaxClients, as a NAT can hide many clients.
	MaxClientsPerIP int
	// MaxConnectRatePerIP is how many connections one IP address may begin, in a second on
	// average and at once. Those beyond are refused before they cost anything. Default 1,000.
	MaxConnectRatePerIP int
	// MaxPending is how many connections may be without a hello, half of them from one
	// IP address. The next is refused. Default 1,000.
	MaxPending int
	// AddressValidationFrom is how many connections without a hello make the hub ask
	// those who connect to show first that their address is their own (Retry of QUIC),
	// which costs a round trip. Default 100.
	AddressValidationFrom int

	// MaxMessageRate is how many messages a second a client may send, and how many at
	// once. One that sends more is slowed down by QUIC's flow control, and loses
	// nothing. Default: no limit.
	MaxMessageRate int
	// MaxByteRate is how many bytes of payload a second a client may send, in the same
	// way. Default: no limit.
	MaxByteRate int
	// MaxStreamWindow is how much a client may send on one stream that the hub has not
	// read yet, in bytes. Default 2 MiB, at least 64 KiB.
	MaxStreamWindow int
	// MaxConnectionWindow is the same for all streams of a client together: it bounds the
	// memory that a client can make the hub hold unread. Default 16 MiB, at least four
	// times MaxStreamWindow.
	MaxConnectionWindow int

	// MaxPromises is how many acknowledgements may be awaited at once, from all
	// clients together. Default 50,000.
	MaxPromises int
	// MaxPayload is the largest payload to send or accept, in bytes. Default
	// 1 MiB, at most 64 MiB.
	MaxPayload int
	// MaxQueueBytes is how much may wait to be sent to one client, in bytes, of
	// each priority, and of acknowledgements. When it is reached, SendMessage
	// waits and Broadcast skips the client. Default 4 MiB.
	MaxQueueBytes int
	// MaxQueueBytesTotal is how much may wait to be sent to all clients together, in
	// bytes. When it is reached, clients that something waits for already are treated as
	// if MaxQueueBytes was reached; those that keep up get theirs. Default 1 GiB.
	MaxQueueBytesTotal int

	// SessionRetention is how long the hub remembers the session of a client whose
	// connection was lost, so that nothing is lost and nothing handled twice when the
	// client comes back. Default 5 min.
	SessionRetention time.Duration
	// ReconnectWindow spreads the return of the clients after Stop: each is told
	// to come back after a random part of it. Default 1 ms per connected client,
	// at least 1 s.
	ReconnectWindow time.Duration
	// ReconnectAddress, host:port, is where the clients are told to connect after Stop:
	// another hub. They come back to this one if they cannot. Empty stands for this one.
	ReconnectAddress string

	// QlogDir is the folder that StartQlog writes to; it is made when it is not
	// there, but not the one that it is in. Empty means that there are no traces. With it, connections are a
	// little slower, also while there is no trace of them; see docs/decisions.md.
	QlogDir string

	// Authorizer decides what clients may send and receive, such as the file of package
	// policy. Nil lets each send the hub whatever it wants, and receive what the hub sends.
	Authorizer Authorizer

	// Logger is told what happens; nil logs nothing.
	Logger *slog.Logger
	// Hooks are called when it happens; nil calls nothing.
	Hooks *monitoring.EventHooks
	// Admissions is told of each client that was let in, or refused after it connected, and
	// of the end of each session, one by one for each client; nil is not. It is called
	// on the goroutine of the connection, and has to be quick.
	Admissions func(Admission)
	// TracerProvider, of OpenTelemetry, makes spans of what is sent and handled, and
	// messages carry their context. Its processors must not block. Nil makes none.
	TracerProvider trace.TracerProvider
}

// minStreams is what the protocol needs: the lanes and the large frames.
const minStreams = 16

func (c *ServerConfig) check() (*link.Config, error) {
	var check fields.Checker
	check.Duration("MaxIdleTimeout", &c.MaxIdleTimeout, 30*time.Second)
	check.Int("MaxIncomingStreams", &c.MaxIncomingStreams, 1000, math.MaxInt32)
	check.Require(c.MaxIncomingStreams >= minStreams, "MaxIncomingStreams is %d: use at least %d", c.MaxIncomingStreams, minStreams)
	check.Duration("HandshakeTimeout", &c.HandshakeTimeout, 5*time.Second)
	check.Duration("HeartbeatCheckInterval", &c.HeartbeatCheckInterval, 5*time.Second)
	check.Duration("HeartbeatTimeout", &c.HeartbeatTimeout, 45*time.Second)
	check.Int("MaxTimeoutCount", &c.MaxTimeoutCount, 3, math.MaxInt32)
	check.Int("MaxClients", &c.MaxClients, 10000, math.MaxInt32)
	check.Duration("SessionRetention", &c.SessionRetention, 5*time.Minute)
	c.checkLimits(&check)
	check.Duration("ReconnectWindow", &c.ReconnectWindow, 0)
	check.Address("ReconnectAddress", c.ReconnectAddress)
	check.Require(!slices.Contains(c.Authenticators, nil), "one of Authenticators is nil: leave it out")
	c.Authenticators = slices.Clone(c.Authenticators)
	shared := link.NewConfig(link.Options{
		MaxPayload: c.MaxPayload, MaxQueueBytes: c.MaxQueueBytes, MaxQueueBytesTotal: c.MaxQueueBytesTotal, MaxPromises: c.MaxPromises,
		Logger: c.Logger, Hooks: c.Hooks, TracerProvider: c.TracerProvider,
	}, &check)
	shared.Hub, shared.MaxClients, shared.Epoch = true, c.MaxClients, rand.Text()
	shared.Rates = link.Rates{Messages: c.MaxMessageRate, Bytes: c.MaxByteRate}
	return shared, check.Err()
}

// minStreamWindow has room for the largest frame of a lane.
const minStreamWindow = 64 << 10

func (c *ServerConfig) checkLimits(check *fields.Checker) {
	check.Optional("MaxClientsPerIP", c.MaxClientsPerIP, math.MaxInt32)
	check.Int("MaxConnectRatePerIP", &c.MaxConnectRatePerIP, 1000, math.MaxInt32)
	check.Int("MaxPending", &c.MaxPending, 1000, math.MaxInt32)
	check.Int("AddressValidationFrom", &c.AddressValidationFrom, 100, math.MaxInt32)
	check.Optional("MaxMessageRate", c.MaxMessageRate, math.MaxInt32)
	check.Optional("MaxByteRate", c.MaxByteRate, math.MaxInt32)
	check.Int("MaxStreamWindow", &c.MaxStreamWindow, quicnet.DefaultStreamWindow, math.MaxInt32)
	check.Require(c.MaxStreamWindow >= minStreamWindow, "MaxStreamWindow is %d: use at least %d", c.MaxStreamWindow, minStreamWindow)
	check.Int("MaxConnectionWindow", &c.MaxConnectionWindow, quicnet.DefaultConnectionWindow, math.MaxInt32)
	check.Require(c.MaxConnectionWindow/quicnet.StreamsInWindow >= c.MaxStreamWindow, "MaxConnectionWindow is %d: use at least %d times MaxStreamWindow, which is %d",
		c.MaxConnectionWindow, quicnet.StreamsInWindow, c.MaxStreamWindow)
	check.Int("MaxQueueBytesTotal", &c.MaxQueueBytesTotal, 1<<30, math.MaxInt)
}

// tolerated is the silence that clients are told of. They ping at least twice in it.
func (c *ServerConfig) tolerated() time.Duration { return min(c.HeartbeatTimeout, c.MaxIdleTimeout) }

func (c *ServerConfig) limits() quicnet.Limits {
	return quicnet.Limits{
		HandshakeTimeout:   c.HandshakeTimeout,
		MaxIdleTimeout:     c.MaxIdleTimeout,
		MaxIncomingStreams: c.MaxIncomingStreams,
		StreamWindow:       c.MaxStreamWindow,
		ConnectionWindow:   c.MaxConnectionWindow,
		Traceable:          c.QlogDir != "",
	}
}

// NewServer returns a server that is not started yet. It fails when a field of
// the configuration is unusable or the certificate cannot be loaded.
func NewServer(config *ServerConfig) (*Server, error) {
	if config == nil {
		return nil, qerrors.New(qerrors.InvalidConfig, "the configuration is nil: a server needs at least TLSCertFile and TLSKeyFile")
	}
	c := *config
	shared, err := c.check()
	if err != nil {
		return nil, err
	}
	auth, err := quicnet.LoadServerAuth(c.TLSCertFile, c.TLSKeyFile)
	if err != nil {
		return nil, qerrors.New(qerrors.InvalidConfig, "%w", err)
	}
	if len(c.Authenticators) > 0 {
		auth.AskForCertificates()
	}
	if c.QlogDir, err = makeQlogDir(c.QlogDir); err != nil {
		return nil, err
	}
	shared.Certificate = auth
	return newServer(c, shared, auth), nil
}
