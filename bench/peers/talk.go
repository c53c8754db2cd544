package main

import (
	"context"
	"crypto/tls"
	"errors"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/keepalive"

	"github.com/voilet/QuicFlow/bench/peers/exchange"
	"github.com/voilet/QuicFlow/internal/load"
)

// talk is one end of a stream.
type talk struct {
	stream interface {
		Send(*exchange.Message) error
		Recv() (*exchange.Message, error)
	}
	mu      sync.Mutex // of Send, which takes one at a time
	waiters waiters
}

func (t *talk) send(kind exchange.Kind, id uint32, payload []byte) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.stream.Send(&exchange.Message{Kind: kind, Id: id, Payload: payload})
}

// read takes what comes, answers what is asked, and returns at the end of the stream.
func (t *talk) read(asked, told func(payload []byte)) {
	defer t.waiters.end()
	for {
		m, err := t.stream.Recv()
		if err != nil {
			return
		}
		switch m.Kind {
		case exchange.Kind_KIND_ANSWER:
			t.waiters.done(m.Id)
		case exchange.Kind_KIND_ASK:
			asked(m.Payload)
			_ = t.send(exchange.Kind_KIND_ANSWER, m.Id, m.Payload) // an error is that of a stream that has ended
		case exchange.Kind_KIND_TELL:
			told(m.Payload)
		}
	}
}

// Ask is part of [load.Conn], as is Tell.
func (t *talk) Ask(ctx context.Context, payload []byte) error {
	id, answered := t.waiters.add()
	if err := t.send(exchange.Kind_KIND_ASK, id, payload); err != nil {
		return err
	}
	return t.waiters.wait(ctx, id, answered)
}

func (t *talk) Tell(_ context.Context, payload []byte) error {
	return t.send(exchange.Kind_KIND_TELL, 0, payload)
}

// channels opens a channel for each connection.
type channels struct {
	addr     string
	secure   *tls.Config
	received func([]byte)
}

func (d *channels) Receive(f func([]byte)) { d.received = f }

func (d *channels) Close() error { return nil }

func (d *channels) channel() (*grpc.ClientConn, error) {
	return grpc.NewClient("passthrough:///"+d.addr, grpc.WithTransportCredentials(credentials.NewTLS(d.secure)),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(2*maxPayload)),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: heartbeat, PermitWithoutStream: true}))
}

// streams dials a stream for each connection.
type streams struct{ channels }

func openStreams(addr string, secure *tls.Config, _ load.Work) (dialer, error) {
	return &streams{channels{addr: addr, secure: secure}}, nil
}

type streamConn struct {
	talk
	channel *grpc.ClientConn
	wg      sync.WaitGroup
}

func (d *streams) Dial(ctx context.Context, name string) (load.Conn, error) {
	channel, err := d.channel()
	if err != nil {
		return nil, err
	}
	c := &streamConn{channel: channel}
	if err := c.begin(ctx, name); err != nil {
		return nil, errors.Join(err, channel.Close())
	}
	c.wg.Go(func() { c.read(func([]byte) {}, d.received) })
	return c, nil
}

// begin opens the stream and waits until the hub knows it.
func (c *streamConn) begin(ctx context.Context, name string) error {
	stream, err := exchange.NewExchangeServiceClient(c.channel).Talk(context.WithoutCancel(ctx))
	if err != nil {
		return err
	}
	c.stream = stream
	if err := c.send(exchange.Kind_KIND_HELLO, 0, []byte(name)); err != nil {
		return err
	}
	_, err = stream.Recv()
	return err
}

func (c *streamConn) Close(context.Context) error {
	defer c.wg.Wait()
	return c.channel.Close()
}

// unary dials channels for a call for each message.
type unary struct{ channels }

func openUnary(addr string, secure *tls.Config, _ load.Work) (dialer, error) {
	return &unary{channels{addr: addr, secure: secure}}, nil
}

type unaryConn struct {
	channel *grpc.ClientConn
	stub    exchange.ExchangeServiceClient
}

// Dial makes a call, since a channel connects with the first.
func (d *unary) Dial(ctx context.Context, _ string) (load.Conn, error) {
	channel, err := d.channel()
	if err != nil {
		return nil, err
	}
	c := unaryConn{channel, exchange.NewExchangeServiceClient(channel)}
	if err := c.Ask(ctx, nil); err != nil {
		return nil, errors.Join(err, channel.Close())
	}
	return c, nil
}

func (c unaryConn) Ask(ctx context.Context, payload []byte) error {
	_, err := c.stub.Ask(ctx, &exchange.Message{Payload: payload})
	return err
}

func (c unaryConn) Tell(context.Context, []byte) error { return errUnable }

func (c unaryConn) Close(context.Context) error { return c.channel.Close() }
