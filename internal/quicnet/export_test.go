package quicnet

import (
	"context"
	"net"

	"github.com/quic-go/quic-go"
)

// Stagger is the time that an address has for itself.
const Stagger = stagger

// Race is for tests with a dial function of their own.
func Race(ctx context.Context, addrs []*net.UDPAddr,
	dial func(context.Context, *net.UDPAddr) (*quic.Conn, error)) (*quic.Conn, error) {
	return race(ctx, addrs, dial)
}

// Translate turns an error of quic-go into one of this project.
func Translate(err error) error { return translate(err) }
