package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/voilet/QuicFlow/internal/load"
	"github.com/voilet/QuicFlow/pkg/dispatcher"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
	"github.com/voilet/QuicFlow/pkg/transport/client"
)

// network is how the load reaches the hub: clients that share a few UDP sockets.
type network struct {
	addr    string
	config  client.ClientConfig // of all clients
	bulk    int                 // size of what each connection pushes besides; 0 pushes nothing
	sockets []*client.Socket
	dialed  atomic.Int64
	clients *dispatcher.Dispatcher // of all clients
	orders  *client.Client
}

// openNetwork opens the sockets, and a connection for orders.
func openNetwork(ctx context.Context, addr string, config client.ClientConfig, sockets int) (*network, error) {
	n := &network{addr: addr, config: config, clients: dispatcher.NewDispatcher(nil)}
	for range sockets {
		pc, err := net.ListenPacket("udp", ":0")
		if err != nil {
			return nil, errors.Join(fmt.Errorf("cannot open a UDP socket: %w", err), n.close(ctx))
		}
		n.sockets = append(n.sockets, client.NewSocket(pc))
	}
	c, err := n.connect(ctx, fmt.Sprintf("bench-orders-%016x", rand.Uint64()))
	if errors.Is(err, qerrors.ErrNoCredential) {
		err = qerrors.New(qerrors.Incompatible, "load is put only on quic-bench serve, which takes clients without a credential: this hub does not")
	}
	if err != nil {
		return nil, errors.Join(err, n.close(ctx))
	}
	n.orders = c
	return n, nil
}

func (n *network) close(ctx context.Context) error {
	var errs []error
	if n.orders != nil {
		errs = append(errs, n.orders.Close(ctx))
	}
	for _, s := range n.sockets {
		errs = append(errs, s.Close())
	}
	return errors.Join(errs...)
}

// connect returns a client that is connected. It is called off when ctx ends.
func (n *network) connect(ctx context.Context, name string) (*client.Client, error) {
	config := n.config
	config.ClientID = name
	config.Socket = n.sockets[int(n.dialed.Add(1)-1)%len(n.sockets)]
	c, err := client.NewClient(&config)
	if err != nil {
		return nil, err
	}
	c.SetDispatcher(n.clients)
	stop := context.AfterFunc(ctx, func() { _ = c.Close(ctx) }) // which makes Connect return
	defer stop()
	return c, c.Connect(n.addr)
}

// Receive is part of [load.Network], as are Dial and Order.
func (n *network) Receive(f func(payload []byte)) {
	n.clients.RegisterHandler(ask, handler(func(_ context.Context, payload []byte) ([]byte, error) {
		f(payload)
		return payload, nil
	}))
	n.clients.RegisterHandler(tell, handler(func(_ context.Context, payload []byte) ([]byte, error) {
		f(payload)
		return nil, nil
	}))
}

func (n *network) Dial(ctx context.Context, name string) (load.Conn, error) {
	c, err := n.connect(ctx, name)
	if err != nil {
		return nil, err
	}
	l := &conn{Client: c}
	if n.bulk > 0 {
		l.pushes.Go(func() { l.push(n.bulk) })
	}
	return l, nil
}

func (n *network) Order(ctx context.Context, text []byte) ([]byte, error) {
	return answer(n.orders.SendMessage(ctx, &protocol.DataMessage{
		Type: order, Payload: text, Priority: protocol.Priority_PRIORITY_URGENT, // not behind the load
	}, true, orderTime))
}

// conn is a client as [load.Conn].
type conn struct {
	*client.Client
	pushes sync.WaitGroup
}

func (c *conn) Ask(ctx context.Context, payload []byte) error {
	_, err := answer(c.SendMessage(ctx, &protocol.DataMessage{Type: ask, Payload: payload}, true, 0))
	return err
}

func (c *conn) Tell(ctx context.Context, payload []byte) error {
	_, err := c.SendMessage(ctx, &protocol.DataMessage{Type: tell, Payload: payload}, false, 0)
	return err
}

func (c *conn) Close(ctx context.Context) error {
	defer c.pushes.Wait()
	return c.Client.Close(ctx)
}

// push sends one message of size bytes after the other, until the client is closed.
func (c *conn) push(size int) {
	msg := &protocol.DataMessage{Type: bulk, Payload: make([]byte, size), Priority: protocol.Priority_PRIORITY_BULK}
	for {
		if _, err := answer(c.SendMessage(context.Background(), msg, true, 0)); err != nil {
			return
		}
	}
}

// closeTime is how long what is left over may take to end in order.
const closeTime = 10 * time.Second
