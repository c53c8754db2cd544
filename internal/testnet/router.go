package testnet

import (
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/quic-go/quic-go/testutils/simnet"
)

// hubHost is the hub's host in a virtual network.
const hubHost = "10.0.0.1"

// Impair makes the network treat packets like this from now on.
func (n *Network) Impair(i Impairment) { n.ImpairEach(i, i) }

// ImpairEach is Impair with one impairment for what goes to the hub, and another for
// what comes from it.
func (n *Network) ImpairEach(up, down Impairment) {
	for _, i := range []*Impairment{&up, &down} {
		if i.Latency == 0 {
			i.Latency = 5 * time.Millisecond
		}
	}
	r := n.router
	r.mu.Lock()
	defer r.mu.Unlock()
	r.up, r.down = newPath(up, 0), newPath(down, 1)
}

// Cut loses all packets from and to those with these names, from now on.
func (n *Network) Cut(names ...string) { n.setCut(true, names) }

// Mend ends the cut.
func (n *Network) Mend(names ...string) { n.setCut(false, names) }

func (n *Network) setCut(cut bool, names []string) {
	r := n.router
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, name := range names {
		r.cut[r.placeLocked(name)] = cut
	}
}

// router connects the endpoints of a virtual network.
type router struct {
	simnet.PerfectRouter
	tb testing.TB

	delivering sync.Mutex    // held from the choice of a latency to its use
	latency    time.Duration // of the packet that is being delivered

	mu       sync.Mutex // guards all that follows
	up, down path
	places   map[string]netip.AddrPort
	cut      map[netip.AddrPort]bool
	nat      nat
}

func newRouter(tb testing.TB) *router {
	return &router{tb: tb, places: make(map[string]netip.AddrPort), cut: make(map[netip.AddrPort]bool), nat: newNAT()}
}

// place returns the address of a name, the same each time.
func (r *router) place(name string) netip.AddrPort {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.placeLocked(name)
}

func (r *router) placeLocked(name string) netip.AddrPort {
	place, ok := r.places[name]
	if !ok {
		host := netip.MustParseAddr(hubHost)
		if name != HubName {
			n := len(r.places) + 1
			host = netip.AddrFrom4([4]byte{10, 1, byte(n >> 8), byte(n)})
		}
		place = netip.AddrPortFrom(host, 8474)
		r.places[name] = place
	}
	return place
}

func (r *router) listen(name string) net.PacketConn {
	addr := net.UDPAddrFromAddrPort(r.place(name))
	link := &simnet.SimulatedLink{LatencyFunc: func(simnet.Packet) time.Duration { return r.latency }, UploadPacket: r}
	pc := simnet.NewBlockingSimConn(addr, link)
	link.Start()
	r.AddNode(addr, link) // last, so that no packet comes before
	r.tb.Cleanup(func() {
		_ = pc.Close() // its owner has usually done so
		_ = link.Close()
	})
	return pc
}

// SendPacket implements simnet.Router.
func (r *router) SendPacket(p simnet.Packet) error {
	p = r.translate(p)
	r.delivering.Lock()
	defer r.delivering.Unlock()
	for _, a := range r.carry(p) {
		p.Data, r.latency = a.data, a.after
		_ = r.PerfectRouter.SendPacket(p) // as on any network, a packet to nobody is lost silently
	}
	return nil
}

func (r *router) carry(p simnet.Packet) []arrival {
	r.mu.Lock()
	defer r.mu.Unlock()
	to := addrPort(p.To)
	switch {
	case r.cut[r.nat.inside(addrPort(p.From))], r.cut[to]:
		return nil
	case to == r.places[HubName]:
		return r.up.carry(time.Now(), p.Data)
	default:
		return r.down.carry(time.Now(), p.Data)
	}
}

func addrPort(addr net.Addr) netip.AddrPort {
	udp, ok := addr.(*net.UDPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	ap := udp.AddrPort()
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
}
