package testnet

import (
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/quic-go/quic-go/testutils/simnet"
)

// hubHost is the hub's host in a virtual network.
const hubHost = "10.0.0.1"

// Impairment is what a virtual network does to packets. A zero field does nothing,
// but for Latency.
type Impairment struct {
	Latency   time.Duration // one way; 5 ms if zero
	Jitter    time.Duration // up to this much more for each packet, so that they overtake each other
	Loss      float64       // the probability that a packet is lost
	Duplicate float64       // the probability that a packet arrives twice
	Seed      uint64        // of these probabilities
}

// Impair makes the network treat packets like this from now on.
func (n *Network) Impair(i Impairment) {
	if i.Latency == 0 {
		i.Latency = 5 * time.Millisecond
	}
	r := n.router
	r.mu.Lock()
	defer r.mu.Unlock()
	r.Impairment, r.random = i, rand.New(rand.NewPCG(i.Seed, 0))
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

	mu sync.Mutex // guards all that follows
	Impairment
	random *rand.Rand
	places map[string]netip.AddrPort
	cut    map[netip.AddrPort]bool
	nat    nat
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
	link := &simnet.SimulatedLink{LatencyFunc: r.latency, UploadPacket: r}
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
	for range r.copies(p) {
		_ = r.PerfectRouter.SendPacket(p) // as on any network, a packet to nobody is lost silently
	}
	return nil
}

func (r *router) copies(p simnet.Packet) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.cut[r.nat.inside(addrPort(p.From))], r.cut[addrPort(p.To)], r.random.Float64() < r.Loss:
		return 0
	case r.random.Float64() < r.Duplicate:
		return 2
	default:
		return 1
	}
}

func (r *router) latency(simnet.Packet) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	latency := r.Latency
	if r.Jitter > 0 {
		latency += time.Duration(r.random.Int64N(int64(r.Jitter)))
	}
	return latency
}

func addrPort(addr net.Addr) netip.AddrPort {
	udp, ok := addr.(*net.UDPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	ap := udp.AddrPort()
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
}
