package testnet

import (
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"
)

// Proxy is a bad network between real clients and a real hub on the loopback
// interface: clients connect to its address in place of the hub's. To the hub each
// client has an address of the proxy's, as behind a NAT.
//
//	p := testnet.NewProxy(t, hub.Addr())
//	p.Impair(up, down)
//	c.Connect(p.Addr())
//
// With the same seeds, packets that come in the same order have the same fate.
type Proxy struct {
	tb    testing.TB
	front *net.UDPConn
	queue *queue
	wg    sync.WaitGroup

	mu       sync.Mutex // guards all that follows
	up, down path
	hub      netip.AddrPort
	dark     bool
	closed   bool
	flows    map[netip.AddrPort]*net.UDPConn // towards the hub, by the client's address
}

// NewProxy returns one that does nothing but forward, to the hub at this address, until
// it is told otherwise.
func NewProxy(tb testing.TB, hub string) *Proxy {
	tb.Helper()
	p := &Proxy{tb: tb, queue: newQueue(), flows: make(map[netip.AddrPort]*net.UDPConn)}
	p.Impair(Impairment{}, Impairment{})
	p.Redirect(hub)
	front, err := listenLoopback()
	if err != nil {
		tb.Fatal(err)
	}
	p.front = front
	p.wg.Go(p.queue.run)
	p.wg.Go(p.forward)
	tb.Cleanup(p.close)
	return p
}

func listenLoopback() (*net.UDPConn, error) {
	return net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
}

// Addr is the address that clients connect to.
func (p *Proxy) Addr() string { return p.front.LocalAddr().String() }

// Impair treats packets to the hub, and those from it, like this from now on.
func (p *Proxy) Impair(up, down Impairment) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.up, p.down = newPath(up, 0), newPath(down, 1)
}

// Blackhole loses all packets from now on, or none.
func (p *Proxy) Blackhole(on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dark = on
}

// Redirect makes what clients send go to this address from now on: the hub has moved.
func (p *Proxy) Redirect(hub string) {
	p.tb.Helper()
	addr, err := netip.ParseAddrPort(hub)
	if err != nil {
		p.tb.Fatal(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hub = addr
}

// Rebind gives each client another port with the next packet that it sends, as a NAT
// does that has forgotten its bindings. What is sent to an earlier port is lost.
func (p *Proxy) Rebind() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for client, back := range p.flows {
		_ = back.Close() // which ends its reader
		delete(p.flows, client)
	}
}

func (p *Proxy) close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	_ = p.front.Close()
	p.Rebind()
	p.queue.close()
	p.wg.Wait()
}

// maxPacket is more than any packet of QUIC has.
const maxPacket = 1 << 16

// forward takes what clients send.
func (p *Proxy) forward() {
	buffer := make([]byte, maxPacket)
	for {
		n, client, err := p.front.ReadFromUDPAddrPort(buffer)
		if err != nil {
			return
		}
		p.toHub(client, append([]byte(nil), buffer[:n]...))
	}
}

func (p *Proxy) toHub(client netip.AddrPort, data []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dark || p.closed {
		return
	}
	back := p.flows[client]
	if back == nil {
		var err error
		if back, err = listenLoopback(); err != nil {
			p.tb.Error(err)
			return
		}
		p.flows[client] = back
		p.wg.Go(func() { p.backward(client, back) })
	}
	p.queue.add(p.up.carry(time.Now(), data), back, p.hub)
}

// backward takes what the hub sends to one port of a client.
func (p *Proxy) backward(client netip.AddrPort, back *net.UDPConn) {
	buffer := make([]byte, maxPacket)
	for {
		n, _, err := back.ReadFromUDPAddrPort(buffer)
		if err != nil {
			return
		}
		data := append([]byte(nil), buffer[:n]...)
		p.mu.Lock()
		if !p.dark {
			p.queue.add(p.down.carry(time.Now(), data), p.front, client)
		}
		p.mu.Unlock()
	}
}
