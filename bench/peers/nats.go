package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"time"

	natsd "github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/voilet/QuicFlow/internal/load"
)

// NATS: the server is embedded in the application, which is connected to it within
// the process. A question is a request, whose replies all share one subscription of
// the connection, as is the client's default; one way is a publish, which the client
// batches by itself.
type natsServer struct {
	server *natsd.Server
	app    *nats.Conn
}

const (
	natsAsk  = "ask"
	natsTell = "tell"
	natsAll  = "all"
	natsDown = "down."
)

func serveNATS(secure *tls.Config, tally *load.Tally) (server, error) {
	s, err := natsd.NewServer(&natsd.Options{
		Host: "127.0.0.1", Port: natsd.RANDOM_PORT, TLS: true, TLSConfig: secure, TLSTimeout: 10,
		NoLog: true, NoSigs: true, MaxConn: load.MaxConns, MaxPayload: maxPayload,
		PingInterval: heartbeat,
		MaxPending:   8 << 30, // else it cuts off an application that counts more slowly than clients publish
	})
	if err != nil {
		return nil, err
	}
	s.Start()
	if !s.ReadyForConnections(10 * time.Second) {
		s.Shutdown()
		return nil, errors.New("the NATS server does not start")
	}
	h := &natsServer{server: s}
	if h.app, err = nats.Connect("", nats.InProcessServer(s)); err != nil {
		s.Shutdown()
		return nil, err
	}
	return h, h.subscribe(tally)
}

func (s *natsServer) subscribe(tally *load.Tally) error {
	_, err := s.app.Subscribe(natsAsk, func(m *nats.Msg) {
		tally.Count(m.Data)
		_ = m.Respond(m.Data) // an error is that of a connection that has ended
	})
	told, err2 := s.app.Subscribe(natsTell, func(m *nats.Msg) { tally.Count(m.Data) })
	if err := errors.Join(err, err2); err != nil {
		return err
	}
	return errors.Join(told.SetPendingLimits(-1, -1), s.app.Flush())
}

// Ask is part of [load.Hub], as is Broadcast.
func (s *natsServer) Ask(ctx context.Context, name string, payload []byte) error {
	return natsRequest(ctx, s.app, natsDown+name, payload)
}

func (s *natsServer) Broadcast(_ context.Context, payload []byte) (failed int, err error) {
	return 0, errors.Join(s.app.Publish(natsAll, payload), s.app.Flush())
}

func (s *natsServer) Addr() string { return s.server.Addr().String() }

func (s *natsServer) Close() error {
	s.app.Close()
	s.server.Shutdown()
	s.server.WaitForShutdown()
	return nil
}

func natsRequest(_ context.Context, nc *nats.Conn, subject string, payload []byte) error {
	_, err := nc.Request(subject, payload, requestTime)
	return err
}

type natsDialer struct {
	addr     string
	secure   *tls.Config
	received func([]byte)
}

func openNATS(addr string, secure *tls.Config, _ load.Work) (dialer, error) {
	return &natsDialer{addr: addr, secure: secure}, nil
}

func (d *natsDialer) Receive(f func([]byte)) { d.received = f }

func (d *natsDialer) Close() error { return nil }

func (d *natsDialer) Dial(_ context.Context, name string) (load.Conn, error) {
	nc, err := nats.Connect("tls://"+d.addr, nats.Secure(d.secure), nats.NoReconnect(), nats.Timeout(30*time.Second),
		nats.PingInterval(heartbeat), nats.Name(name))
	if err != nil {
		return nil, err
	}
	_, err = nc.Subscribe(natsDown+name, func(m *nats.Msg) {
		_ = m.Respond(m.Data) // an error is that of a connection that has ended
	})
	_, err2 := nc.Subscribe(natsAll, func(m *nats.Msg) { d.received(m.Data) })
	if err := errors.Join(err, err2, nc.Flush()); err != nil {
		nc.Close()
		return nil, fmt.Errorf("cannot subscribe: %w", err)
	}
	return natsConn{nc}, nil
}

type natsConn struct{ nc *nats.Conn }

func (c natsConn) Ask(ctx context.Context, payload []byte) error {
	return natsRequest(ctx, c.nc, natsAsk, payload)
}

func (c natsConn) Tell(_ context.Context, payload []byte) error {
	return c.nc.Publish(natsTell, payload)
}

func (c natsConn) Close(context.Context) error {
	c.nc.Close()
	return nil
}
