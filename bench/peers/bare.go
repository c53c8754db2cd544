package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"

	"github.com/quic-go/quic-go"

	"github.com/voilet/QuicFlow/internal/load"
)

// Bare quic-go is the ceiling of ours: frames with their length in front on one
// stream in each direction, in the way that was fastest (docs/decisions.md), with
// the same windows, sockets and heartbeats, and nothing else: no types, deadlines,
// dispatcher, metrics, priorities or drain.
const bareALPN = "bare"

func bareConfig() *quic.Config {
	return &quic.Config{
		MaxIdleTimeout:                 2 * heartbeat,
		KeepAlivePeriod:                heartbeat,
		InitialStreamReceiveWindow:     512 << 10,
		MaxStreamReceiveWindow:         2 << 20,
		InitialConnectionReceiveWindow: 16 << 20,
		MaxConnectionReceiveWindow:     16 << 20,
		MaxIncomingStreams:             -1,
		MaxIncomingUniStreams:          16,
	}
}

type bareServer struct {
	tally     *load.Tally
	transport *quic.Transport
	listener  *quic.Listener
	wg        sync.WaitGroup

	mu      sync.Mutex
	clients map[string]*bareConn
}

func serveBare(secure *tls.Config, tally *load.Tally) (server, error) {
	pc, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	secure.NextProtos = []string{bareALPN}
	s := &bareServer{tally: tally, transport: &quic.Transport{Conn: pc, ConnectionIDLength: 8}, clients: map[string]*bareConn{}}
	if s.listener, err = s.transport.Listen(secure, bareConfig()); err != nil {
		return nil, errors.Join(err, pc.Close())
	}
	s.wg.Go(s.accept)
	return s, nil
}

func (s *bareServer) accept() {
	for {
		qc, err := s.listener.Accept(context.Background())
		if err != nil {
			return
		}
		c := newBareConn(qc)
		s.wg.Go(func() { c.read(func(f frame) { s.handle(c, f) }) })
	}
}

func (s *bareServer) handle(c *bareConn, f frame) {
	switch f.kind {
	case hello:
		s.mu.Lock()
		s.clients[string(f.payload)] = c
		s.mu.Unlock()
		_ = c.out.send(frame{answer, f.id, nil})
	case ask:
		s.tally.Count(f.payload)
		_ = c.out.send(frame{answer, f.id, f.payload}) // an error is that of a connection that has ended
	case tell:
		s.tally.Count(f.payload)
	}
}

// Ask is part of [load.Hub], as is Broadcast.
func (s *bareServer) Ask(ctx context.Context, name string, payload []byte) error {
	s.mu.Lock()
	c := s.clients[name]
	s.mu.Unlock()
	if c == nil {
		return fmt.Errorf("no client %q", name)
	}
	return c.Ask(ctx, payload)
}

func (s *bareServer) Broadcast(_ context.Context, payload []byte) (failed int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, c := range s.clients {
		if c.qc.Context().Err() != nil {
			delete(s.clients, name)
		} else if c.out.send(frame{tell, 0, payload}) != nil {
			failed++
		}
	}
	return failed, nil
}

func (s *bareServer) Addr() string { return s.transport.Conn.LocalAddr().String() }

func (s *bareServer) Close() error {
	err := errors.Join(s.listener.Close(), s.transport.Close(), s.transport.Conn.Close())
	s.wg.Wait()
	return err
}

// bareDialer shares a few sockets among all connections, as quic-bench does.
type bareDialer struct {
	addr       *net.UDPAddr
	secure     *tls.Config
	handshakes bool // a connection is there after the handshake, and need not be known to the hub
	transports [8]*quic.Transport
	dialed     atomic.Uint32
	received   func([]byte)
	wg         sync.WaitGroup
}

func openBare(addr string, secure *tls.Config, work load.Work) (dialer, error) {
	udp, err := net.ResolveUDPAddr("udp", addr)
	if err != nil {
		return nil, err
	}
	secure.NextProtos = []string{bareALPN}
	d := &bareDialer{addr: udp, secure: secure, handshakes: work == load.Connect}
	for i := range d.transports {
		pc, err := net.ListenPacket("udp", ":0")
		if err != nil {
			return nil, errors.Join(err, d.Close())
		}
		d.transports[i] = &quic.Transport{Conn: pc, ConnectionIDLength: 8}
	}
	return d, nil
}

func (d *bareDialer) Receive(f func([]byte)) { d.received = f }

func (d *bareDialer) Dial(ctx context.Context, name string) (load.Conn, error) {
	transport := d.transports[int(d.dialed.Add(1)-1)%len(d.transports)]
	qc, err := transport.Dial(ctx, d.addr, d.secure, bareConfig())
	if err != nil {
		return nil, err
	}
	c := newBareConn(qc)
	d.wg.Go(func() {
		c.read(func(f frame) {
			switch f.kind {
			case ask:
				_ = c.out.send(frame{answer, f.id, f.payload}) // an error is that of a connection that has ended
			case tell:
				d.received(f.payload)
			}
		})
	})
	if d.handshakes {
		return c, nil
	}
	return c, c.call(ctx, hello, []byte(name))
}

func (d *bareDialer) Close() error {
	var errs []error
	for _, t := range d.transports {
		if t != nil {
			errs = append(errs, t.Close(), t.Conn.Close())
		}
	}
	d.wg.Wait()
	return errors.Join(errs...)
}
