package quicnet

import (
	"context"
	"errors"
	"net"

	"github.com/quic-go/quic-go"
)

// Listener accepts connections on one UDP socket.
type Listener struct {
	pc        net.PacketConn
	transport *quic.Transport
	listener  *quic.Listener
}

// Listen listens on pc, which it owns from now on, also when it fails. A nil gate lets
// all in.
func Listen(pc net.PacketConn, auth *ServerAuth, limits Limits, gate Gate) (*Listener, error) {
	transport := &quic.Transport{
		Conn:               coalesce(pc, listenerReadAtOnce),
		ConnectionIDLength: connectionIDLength,
		StatelessResetKey:  &auth.resetKey,
		TokenGeneratorKey:  &auth.tokenKey,
	}
	if gate != nil {
		guard(transport, gate)
	}
	listener, err := transport.Listen(auth.tls, limits.config())
	if err != nil {
		return nil, errors.Join(translate(err), pc.Close())
	}
	return &Listener{pc: pc, transport: transport, listener: listener}, nil
}

// Addr returns the address that is listened on.
func (l *Listener) Addr() net.Addr { return l.pc.LocalAddr() }

// Accept waits for the next connection. It has to be called again at once: what
// waits beyond a few dozen connections is refused.
func (l *Listener) Accept(ctx context.Context) (*Conn, error) {
	qc, err := l.listener.Accept(ctx)
	if err != nil {
		return nil, translate(err)
	}
	return newConn(qc), nil
}

// StopAccepting refuses connections from now on; those that are there go on.
func (l *Listener) StopAccepting() error { return l.listener.Close() }

// Close closes the socket, and at once all connections on it.
func (l *Listener) Close() error {
	return errors.Join(l.listener.Close(), l.transport.Close(), l.pc.Close())
}
