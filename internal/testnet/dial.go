package testnet

import (
	"context"
	"crypto/tls"
	"net"
	"time"

	"github.com/quic-go/quic-go"

	"github.com/voilet/QuicFlow/internal/certs"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

const alpn = "quic-backbone/1"

func config() *quic.Config {
	return &quic.Config{KeepAlivePeriod: 5 * time.Second, MaxIncomingUniStreams: 1000, MaxIncomingStreams: -1}
}

// Dial connects a peer to the hub.
func (n *Network) Dial(name string) *Peer {
	n.tb.Helper()
	conn, err := n.TryDial(name, alpn)
	if err != nil {
		n.tb.Fatal(err)
	}
	return newPeer(n.tb, conn)
}

// TryDial is Dial with the name of a protocol, for what may be refused.
func (n *Network) TryDial(name, protocol string) (*quic.Conn, error) {
	transport := n.transport(name)
	addr, err := net.ResolveUDPAddr("udp", n.Addr())
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return transport.Dial(ctx, addr, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{protocol}}, config())
}

func (n *Network) transport(name string) *quic.Transport {
	pc := n.Listen(name)
	transport := &quic.Transport{Conn: pc}
	n.tb.Cleanup(func() {
		_ = transport.Close()
		_ = pc.Close()
	})
	return transport
}

// FakeHub accepts the connections of clients as peers.
type FakeHub struct {
	n        *Network
	listener *quic.Listener
}

// FakeHub starts one in the place of the hub.
func (n *Network) FakeHub() *FakeHub {
	n.tb.Helper()
	cert, err := tls.LoadX509KeyPair(n.dir+"/"+certs.ServerCertFile, n.dir+"/"+certs.ServerKeyFile)
	if err != nil {
		n.tb.Fatal(err)
	}
	listener, err := n.transport(HubName).Listen(&tls.Config{
		Certificates: []tls.Certificate{cert}, NextProtos: []string{alpn},
	}, config())
	if err != nil {
		n.tb.Fatal(err)
	}
	return &FakeHub{n, listener}
}

// Accept waits for the next client. It returns nil when the test has ended.
func (h *FakeHub) Accept() *Peer {
	conn, err := h.listener.Accept(context.Background())
	if err != nil {
		return nil
	}
	return newPeer(h.n.tb, conn)
}

// Welcome accepts the next client, hears its hello and welcomes it.
func (h *FakeHub) Welcome(welcome *protocol.Welcome) *Peer {
	p := h.Accept()
	if p != nil {
		p.Read()
		p.Receive()
		p.Send(&protocol.Frame{Kind: &protocol.Frame_Welcome{Welcome: welcome}})
	}
	return p
}
