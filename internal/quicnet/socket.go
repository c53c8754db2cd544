package quicnet

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"syscall"
	"time"

	"github.com/quic-go/quic-go"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// connectionIDLength leaves room for as many connections as a socket will ever
// have, without collisions.
const connectionIDLength = 8

// Flow control windows, in bytes. Three lanes of data can stand still at once,
// each with up to maxStreamWindow unread; the connection's window has to be
// larger than all three, or acknowledgements could not get through.
const (
	initialStreamWindow = 512 << 10
	maxStreamWindow     = 2 << 20
	connectionWindow    = 16 << 20
)

// Limits are the limits of connections.
type Limits struct {
	HandshakeTimeout   time.Duration // for the QUIC handshake
	MaxIdleTimeout     time.Duration // the smaller one of both sides counts
	MaxIncomingStreams int           // streams that the peer may have open
}

func (l Limits) config() *quic.Config {
	return &quic.Config{
		HandshakeIdleTimeout:           l.HandshakeTimeout,
		MaxIdleTimeout:                 l.MaxIdleTimeout,
		InitialStreamReceiveWindow:     initialStreamWindow,
		MaxStreamReceiveWindow:         maxStreamWindow,
		InitialConnectionReceiveWindow: connectionWindow,
		MaxConnectionReceiveWindow:     connectionWindow,
		MaxIncomingStreams:             -1, // the protocol has none that are bidirectional
		MaxIncomingUniStreams:          int64(l.MaxIncomingStreams),
	}
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
		return nil, qerrors.New(qerrors.BadAddress, "cannot listen on %s: %w", addr, err)
	}
}

// Socket is a UDP socket that any number of connections are dialed from.
type Socket struct {
	pc        net.PacketConn
	transport *quic.Transport
}

// NewSocket returns a socket on pc, which it owns from now on.
func NewSocket(pc net.PacketConn) *Socket {
	return &Socket{pc: pc, transport: &quic.Transport{Conn: pc, ConnectionIDLength: connectionIDLength}}
}

// Close closes the socket, and at once all connections on it.
func (s *Socket) Close() error {
	return errors.Join(s.transport.Close(), s.pc.Close())
}

// Dial connects to addr, host:port. Where the host has several addresses, the
// attempt's number says which one is tried.
func (s *Socket) Dial(ctx context.Context, addr string, attempt int, auth *ClientAuth, limits Limits) (*Conn, error) {
	host, udp, err := resolve(ctx, addr, attempt)
	if err != nil {
		return nil, err
	}
	config := limits.config()
	config.TokenStore = auth.tokens
	tlsConfig := auth.tls.Clone()
	if tlsConfig.ServerName == "" {
		tlsConfig.ServerName = host
	}
	qc, err := s.transport.Dial(ctx, udp, tlsConfig, config)
	switch {
	case err == nil:
		return newConn(qc), nil
	case errors.As(err, new(*quic.IdleTimeoutError)), errors.As(err, new(*quic.HandshakeTimeoutError)),
		errors.Is(context.Cause(ctx), context.DeadlineExceeded):
		return nil, unanswered(addr, err)
	default:
		return nil, translate(err)
	}
}

func resolve(ctx context.Context, addr string, attempt int) (host string, udp *net.UDPAddr, err error) {
	host, service, err := net.SplitHostPort(addr)
	if err != nil {
		return "", nil, qerrors.New(qerrors.BadAddress, "%q is not an address: write host:port: %w", addr, err)
	}
	port, err := strconv.ParseUint(service, 10, 16)
	if err != nil || port == 0 || host == "" {
		return "", nil, qerrors.New(qerrors.BadAddress, "%q is not an address: write host:port, with a port from 1 to 65535", addr)
	}
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil || len(ips) == 0 {
		return "", nil, qerrors.New(qerrors.Unreachable, "cannot resolve %q: %w", host, err)
	}
	ip := ips[attempt%len(ips)].Unmap()
	return host, net.UDPAddrFromAddrPort(netip.AddrPortFrom(ip, uint16(port))), nil
}
