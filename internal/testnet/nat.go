package testnet

import (
	"net"
	"net/netip"

	"github.com/quic-go/quic-go/testutils/simnet"
)

// Rebind gives who has this name another public address in a virtual network, as
// a NAT does that has forgotten a binding. What is sent to an earlier public
// address is lost.
func (n *Network) Rebind(name string) {
	r := n.router
	r.mu.Lock()
	defer r.mu.Unlock()
	r.nat.rebind(r.placeLocked(name))
}

// nat translates between the places of a network and their public addresses.
// Those it has not rebound have their own.
type nat struct {
	public map[netip.AddrPort]netip.AddrPort // of places
	place  map[netip.AddrPort]netip.AddrPort // of public addresses; none of those that are not valid any more
}

func newNAT() nat {
	return nat{make(map[netip.AddrPort]netip.AddrPort), make(map[netip.AddrPort]netip.AddrPort)}
}

func (t nat) rebind(place netip.AddrPort) {
	before := t.outside(place)
	after := netip.AddrPortFrom(before.Addr(), before.Port()+1)
	t.place[before] = netip.AddrPort{}
	t.public[place], t.place[after] = after, place
}

func (t nat) outside(place netip.AddrPort) netip.AddrPort {
	if public, ok := t.public[place]; ok {
		return public
	}
	return place
}

func (t nat) inside(public netip.AddrPort) netip.AddrPort {
	if place, ok := t.place[public]; ok {
		return place
	}
	return public
}

// translate gives a packet its public sender and the place that it goes to. The
// addresses are made anew because simnet tells an IPv4 address of 16 bytes from
// one of 4.
func (r *router) translate(p simnet.Packet) simnet.Packet {
	r.mu.Lock()
	defer r.mu.Unlock()
	p.From = net.UDPAddrFromAddrPort(r.nat.outside(addrPort(p.From)))
	p.To = net.UDPAddrFromAddrPort(r.nat.inside(addrPort(p.To)))
	return p
}
