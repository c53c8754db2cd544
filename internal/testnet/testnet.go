// Package testnet gives tests a network with a hub, clients and raw QUIC peers on
// it: a virtual one, in the virtual time of a testing/synctest bubble, that can
// be cut and impaired; or the loopback interface.
//
//	synctest.Test(t, func(t *testing.T) {
//		n := testnet.Virtual(t)
//		hub := n.Hub(testnet.Echo(), nil)
//		c := n.Client("a", testnet.Echo(), nil)
//		n.Connect(c)
//		n.Impair(testnet.Impairment{Loss: 0.05})
//		...
//	})
//
// Between real processes, a [Proxy] is the network.
//
// What a test makes here is closed when the test ends.
package testnet

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/voilet/QuicFlow/internal/certs"
	"github.com/voilet/QuicFlow/pkg/dispatcher"
	"github.com/voilet/QuicFlow/pkg/transport/client"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

// HubName is the name of the hub's place in the network; those of clients are
// their ids.
const HubName = "hub"

// Network is a network and what is on it.
type Network struct {
	tb     testing.TB
	dir    string  // certificates
	router *router // nil on the loopback interface

	mu  sync.Mutex
	hub netip.AddrPort // of the latest hub
}

// Virtual returns a virtual network with a latency of 5 ms each way. It has to be
// called in a testing/synctest bubble.
func Virtual(tb testing.TB) *Network {
	n := Loopback(tb)
	n.router = newRouter(tb)
	n.hub = n.router.place(HubName)
	n.Impair(Impairment{})
	return n
}

// Loopback returns the loopback interface as a network.
func Loopback(tb testing.TB) *Network {
	tb.Helper()
	dir := tb.TempDir()
	if _, err := certs.Create(certs.Options{Dir: dir, Hosts: []string{hubHost}}); err != nil {
		tb.Fatal(err)
	}
	return &Network{tb: tb, dir: dir, hub: netip.MustParseAddrPort("127.0.0.1:0")}
}

// Dir returns the folder with the certificates, named as in package certs.
func (n *Network) Dir() string { return n.dir }

// Listen returns a socket for who has this name.
func (n *Network) Listen(name string) net.PacketConn {
	if n.router != nil {
		return n.router.listen(name)
	}
	addr := "127.0.0.1:0"
	if name == HubName {
		addr = n.Addr()
	}
	pc, err := net.ListenPacket("udp", addr)
	if err != nil {
		n.tb.Fatal(err)
	}
	if name == HubName {
		n.mu.Lock()
		n.hub = pc.LocalAddr().(*net.UDPAddr).AddrPort()
		n.mu.Unlock()
	}
	return pc
}

// Addr returns the hub's address. A hub that is started after another one was
// stopped has the same.
func (n *Network) Addr() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.hub.String()
}

// ServerConfig returns the configuration of a hub on this network.
func (n *Network) ServerConfig() *server.ServerConfig {
	return &server.ServerConfig{
		TLSCertFile: n.dir + "/" + certs.ServerCertFile, TLSKeyFile: n.dir + "/" + certs.ServerKeyFile,
	}
}

// Hub starts a hub. Configure, if not nil, changes its configuration before.
func (n *Network) Hub(d *dispatcher.Dispatcher, configure func(*server.ServerConfig)) *server.Server {
	n.tb.Helper()
	return n.HubOn(n.Listen(HubName), d, configure)
}

// HubOn is Hub with a socket of its own.
func (n *Network) HubOn(pc net.PacketConn, d *dispatcher.Dispatcher, configure func(*server.ServerConfig)) *server.Server {
	n.tb.Helper()
	config := n.ServerConfig()
	if configure != nil {
		configure(config)
	}
	hub, err := server.NewServer(config)
	if err != nil {
		n.tb.Fatal(err)
	}
	if d != nil {
		hub.SetDispatcher(d)
	}
	if err := hub.StartOn(pc); err != nil {
		n.tb.Fatal(err)
	}
	n.tb.Cleanup(func() { _ = hub.Stop(soon(n.tb)) })
	return hub
}

// Client returns a client that is not connected yet. Configure, if not nil,
// changes its configuration before.
func (n *Network) Client(id string, d *dispatcher.Dispatcher, configure func(*client.ClientConfig)) *client.Client {
	n.tb.Helper()
	socket := client.NewSocket(n.Listen(id))
	n.tb.Cleanup(func() { _ = socket.Close() })
	config := &client.ClientConfig{ClientID: id, TLSCAFile: n.dir + "/" + certs.CACertFile, Socket: socket}
	if configure != nil {
		configure(config)
	}
	c, err := client.NewClient(config)
	if err != nil {
		n.tb.Fatal(err)
	}
	if d != nil {
		c.SetDispatcher(d)
	}
	n.tb.Cleanup(func() { _ = c.Close(soon(n.tb)) })
	return c
}

// Connect connects clients to the hub.
func (n *Network) Connect(clients ...*client.Client) {
	n.tb.Helper()
	for _, c := range clients {
		if err := c.Connect(n.Addr()); err != nil {
			n.tb.Fatal(err)
		}
	}
}

// soon is the context of an end that need not be orderly.
func soon(tb testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	tb.Cleanup(cancel)
	return ctx
}
