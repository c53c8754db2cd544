package quicnet

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"time"

	"github.com/quic-go/quic-go"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// stagger is how long one address of a host has for itself before the next is
// tried as well: the Connection Attempt Delay of RFC 8305, section 8.
const stagger = 250 * time.Millisecond

// Dial connects to addr, host:port. Of a host with several addresses it takes the
// one that answers first, in the order in which the resolver gives them.
func (s *Socket) Dial(ctx context.Context, addr string, auth *ClientAuth, limits Limits) (*Conn, error) {
	host, addrs, err := resolve(ctx, addr)
	if err != nil {
		return nil, err
	}
	config := limits.config()
	config.TokenStore = auth.tokens
	tlsConfig := auth.shown.Get() // QUIC makes a copy, with the address as the name unless there is one
	if tlsConfig.ServerName == "" && net.ParseIP(host) == nil {
		tlsConfig = tlsConfig.Clone()
		tlsConfig.ServerName = host
	}
	qc, err := race(ctx, addrs, func(ctx context.Context, udp *net.UDPAddr) (*quic.Conn, error) {
		return s.transport.Dial(ctx, udp, tlsConfig, config)
	})
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

// dialed is how the attempt at one address went.
type dialed struct {
	address int
	conn    *quic.Conn
	err     error
}

// race dials the addresses one after another, each a little after the one before,
// or at once when all before have failed. It returns the first connection, or the
// error of the first address. When it returns, no attempt is under way.
func race(ctx context.Context, addrs []*net.UDPAddr,
	dial func(context.Context, *net.UDPAddr) (*quic.Conn, error)) (*quic.Conn, error) {
	if len(addrs) == 1 {
		return dial(ctx, addrs[0])
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	results := make(chan dialed, len(addrs))
	begun, pending := 0, 0
	ticks := time.NewTicker(stagger)
	defer ticks.Stop()
	begin := func() {
		if begun == len(addrs) || ctx.Err() != nil {
			return
		}
		address := begun
		begun, pending = begun+1, pending+1
		ticks.Reset(stagger)
		go func() {
			conn, err := dial(ctx, addrs[address])
			results <- dialed{address, conn, err}
		}()
	}
	var winner *quic.Conn
	var first error
	for begin(); pending > 0; {
		select {
		case <-ticks.C:
			begin()
		case r := <-results:
			pending--
			switch {
			case r.conn != nil && winner == nil:
				winner, first = r.conn, nil
				cancel() // the others
			case r.conn != nil:
				_ = r.conn.CloseWithError(0, "another address was faster")
			case r.address == 0 && winner == nil:
				first = r.err
			}
			if pending == 0 {
				begin()
			}
		}
	}
	if winner == nil && first == nil {
		first = context.Cause(ctx) // there was no time for any
	}
	return winner, first
}

func resolve(ctx context.Context, addr string) (host string, addrs []*net.UDPAddr, err error) {
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
	for _, ip := range ips {
		addrs = append(addrs, net.UDPAddrFromAddrPort(netip.AddrPortFrom(ip.Unmap(), uint16(port))))
	}
	return host, addrs, nil
}
