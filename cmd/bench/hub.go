package main

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"time"

	"github.com/voilet/QuicFlow/internal/certs"
	"github.com/voilet/QuicFlow/internal/load"
	"github.com/voilet/QuicFlow/pkg/dispatcher"
	"github.com/voilet/QuicFlow/pkg/protocol"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

// The messages: what is asked comes back as the answer, what is told is counted
// only, orders are for [load.Orders], and the bulk of -bulk is thrown away.
const (
	ask   = protocol.MessageType_MESSAGE_TYPE_COMMAND
	tell  = protocol.MessageType_MESSAGE_TYPE_EVENT
	order = protocol.MessageType_MESSAGE_TYPE_QUERY
	bulk  = protocol.MessageType_MESSAGE_TYPE_RESPONSE
)

// orderTime is how long an order may take: the garbage of a hundred thousand
// connections may have to be collected.
const orderTime = 2 * time.Minute

// hub is a hub that answers and counts.
type hub struct {
	*server.Server
	tally  load.Tally
	orders *load.Orders
}

func newHub(config server.ServerConfig, workers dispatcher.Config) (*hub, error) {
	h := new(hub)
	config.MaxConnectRatePerIP = math.MaxInt32 // one machine stands for a fleet
	h.orders = load.NewOrders(h, &h.tally)
	srv, err := server.NewServer(&config)
	if err != nil {
		return nil, err
	}
	h.Server = srv
	d := dispatcher.NewDispatcher(&workers)
	d.RegisterHandler(ask, handler(func(_ context.Context, payload []byte) ([]byte, error) {
		h.tally.Count(payload)
		return payload, nil
	}))
	d.RegisterHandler(tell, handler(func(_ context.Context, payload []byte) ([]byte, error) {
		h.tally.Count(payload)
		return nil, nil
	}))
	d.RegisterHandler(order, handler(h.orders.Handle))
	d.RegisterHandler(bulk, handler(func(context.Context, []byte) ([]byte, error) { return nil, nil }))
	h.SetDispatcher(d)
	return h, nil
}

// handler is a handler of payloads.
func handler(f func(ctx context.Context, payload []byte) ([]byte, error)) dispatcher.HandlerFunc {
	return func(ctx context.Context, msg *protocol.DataMessage) (*protocol.DataMessage, error) {
		answer, err := f(ctx, msg.Payload)
		if answer == nil || err != nil {
			return nil, err
		}
		msg.Payload = answer // it is the handler's, and saves another
		return msg, nil
	}
}

// Ask is part of [load.Hub].
func (h *hub) Ask(ctx context.Context, name string, payload []byte) error {
	_, err := answer(h.SendMessage(ctx, name, &protocol.DataMessage{Type: ask, Payload: payload}, true, 0))
	return err
}

// Broadcast is part of [load.Hub].
func (h *hub) Broadcast(ctx context.Context, payload []byte) (failed int, err error) {
	result, err := h.Server.Broadcast(ctx, &protocol.DataMessage{Type: tell, Payload: payload})
	return len(result.Failed), err
}

// answer returns the result of an acknowledgement, or why there is none.
func answer(ack *protocol.AckMessage, err error) ([]byte, error) {
	switch {
	case err != nil:
		return nil, err
	case ack.Status != protocol.AckStatus_ACK_STATUS_SUCCESS:
		return nil, fmt.Errorf("not handled: %s", ack.Error)
	default:
		return ack.Result, nil
	}
}

// withCertificates calls use with certificates for a hub at one of hosts, which are
// there until it returns.
func withCertificates(hosts []string, use func(cert, key, ca string) error) error {
	dir, err := os.MkdirTemp("", "quic-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }() // in the folder for such things
	if _, err := certs.Create(certs.Options{Dir: dir, Hosts: hosts}); err != nil {
		return err
	}
	return use(filepath.Join(dir, certs.ServerCertFile), filepath.Join(dir, certs.ServerKeyFile), filepath.Join(dir, certs.CACertFile))
}
