package quicnet

import (
	"cmp"
	"errors"
	"net"
	"syscall"
	"time"

	"github.com/quic-go/quic-go"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// connectionIDLength leaves room for as many connections as a socket will ever
// have, without collisions.
const connectionIDLength = 8

// Flow control windows, in bytes, unless configured.
const (
	initialStreamWindow     = 512 << 10
	DefaultStreamWindow     = 2 << 20
	DefaultConnectionWindow = 16 << 20
)

// StreamsInWindow is how many stream windows the window of a connection has to hold.
// Three lanes of data can stand still at once, each with a window that is unread;
// there has to be room besides, or acknowledgements could not get through.
const StreamsInWindow = 4

// minPacketSize is the size of a connection's first packets: the smallest that QUIC allows
// (RFC 9000, section 14.1), so that they get through wherever QUIC can. Those that
// follow grow as far as the path lets them.
const minPacketSize = 1200

// Limits are the limits of connections, and what they are able to do.
type Limits struct {
	HandshakeTimeout   time.Duration // for the QUIC handshake
	MaxIdleTimeout     time.Duration // the smaller one of both sides counts
	MaxIncomingStreams int           // streams that the peer may have open

	// StreamWindow and ConnectionWindow are what the peer may have sent that is not
	// read yet, in bytes; the defaults unless set.
	StreamWindow, ConnectionWindow int

	// Traceable makes [Conn.StartQlog] possible. It costs each connection some of
	// its speed, also while there is no trace.
	Traceable bool
}

func (l Limits) config() *quic.Config {
	stream := uint64(cmp.Or(l.StreamWindow, DefaultStreamWindow))
	connection := uint64(cmp.Or(l.ConnectionWindow, DefaultConnectionWindow))
	config := &quic.Config{
		HandshakeIdleTimeout:           l.HandshakeTimeout,
		InitialPacketSize:              minPacketSize,
		MaxIdleTimeout:                 l.MaxIdleTimeout,
		InitialStreamReceiveWindow:     min(initialStreamWindow, stream),
		MaxStreamReceiveWindow:         stream,
		InitialConnectionReceiveWindow: connection,
		MaxConnectionReceiveWindow:     connection,
		MaxIncomingStreams:             -1, // the protocol has none that are bidirectional
		MaxIncomingUniStreams:          int64(l.MaxIncomingStreams),
	}
	if l.Traceable {
		config.Tracer = newTrace
	}
	return config
}

// ListenUDP opens a UDP socket on addr, which is host:port or :port.
func ListenUDP(addr string) (net.PacketConn, error) {
	if _, _, err := net.SplitHostPort(addr); err != nil {
		return nil, qerrors.New(qerrors.BadAddress, "%q is not an address: write host:port or :port: %w", addr, err)
	}
	pc, err := net.ListenPacket("udp", addr)
	switch {
	case err == nil:
		return pc, nil
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, qerrors.New(qerrors.AddressInUse, "another process listens on %s: stop it, or use another port: %w", addr, err)
	default:
		return nil, qerrors.New(qerrors.BadAddress, "cannot listen on %s: use an address of this machine, or :PORT for all that it has: %w", addr, err)
	}
}

// Socket is a UDP socket that any number of connections are dialed from.
type Socket struct {
	pc        net.PacketConn
	transport *quic.Transport
	trusted   pool
}

// How much of what was put together is read at once at most, 64 KiB each: from a socket of
// clients, and from a hub's, to which many send little.
const (
	readAtOnce         = 8
	listenerReadAtOnce = 32
)

// NewSocket returns a socket on pc, which it owns from now on.
func NewSocket(pc net.PacketConn) *Socket {
	return &Socket{pc: pc, transport: &quic.Transport{Conn: coalesce(pc, readAtOnce), ConnectionIDLength: connectionIDLength}}
}

// Close closes the socket, and at once all connections on it.
func (s *Socket) Close() error {
	return errors.Join(s.transport.Close(), s.pc.Close())
}
