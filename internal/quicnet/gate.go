package quicnet

import (
	"context"
	"errors"
	"net"
	"net/netip"

	"github.com/quic-go/quic-go"
)

// Gate decides about connections at their first packet, when next to nothing was
// done for them yet. Its methods must not wait; all connections wait for them.
type Gate interface {
	// Validate reports whether who connects from addr has to show first that the
	// address is its own (Retry, RFC 9000, section 8.1.2).
	Validate(addr netip.Addr) bool
	// Enter returns what is told when the connection ends, even if that is before its
	// handshake is done; or nil, and the connection is refused.
	Enter(addr netip.Addr) Entry
}

// Entry is a connection that a [Gate] has let in.
type Entry interface{ Leave() }

type entryKey struct{}

// Entry returns what the gate has returned for the connection.
func (c *Conn) Entry() Entry {
	entry, _ := c.qc.Context().Value(entryKey{}).(Entry)
	return entry
}

// guard makes transport ask gate.
func guard(transport *quic.Transport, gate Gate) {
	transport.VerifySourceAddress = func(from net.Addr) bool { return gate.Validate(host(from)) }
	transport.ConnContext = func(ctx context.Context, info *quic.ClientInfo) (context.Context, error) {
		entry := gate.Enter(host(info.RemoteAddr))
		if entry == nil {
			return nil, errors.New("refused by the gate") // the peer gets CONNECTION_REFUSED
		}
		context.AfterFunc(ctx, entry.Leave)
		// QUIC ends what is returned here itself. If it came of ctx, that would have to know
		// of it, which takes memory.
		return context.WithValue(context.Background(), entryKey{}, entry), nil
	}
}

// host returns the address without its port, and the zero Addr of what has none.
func host(addr net.Addr) netip.Addr {
	if udp, ok := addr.(*net.UDPAddr); ok {
		return udp.AddrPort().Addr().Unmap().WithZone("")
	}
	return netip.Addr{}
}
