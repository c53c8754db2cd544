package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"math"
	"net"
	"runtime"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/keepalive"

	"github.com/voilet/QuicFlow/bench/peers/exchange"
	"github.com/voilet/QuicFlow/internal/load"
)

// gRPC: as its guide to performance has it, channels and stubs are used again and
// again, what goes on for long is one stream for each connection rather than a call
// for each message, which is measured as well, and workers handle calls, so that
// each does not grow a stack of its own.
type grpcHub struct {
	listener net.Listener
	server   *grpc.Server
	wg       sync.WaitGroup

	mu      sync.Mutex
	clients map[string]*talk
}

func serveGRPC(secure *tls.Config, tally *load.Tally) (server, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	h := &grpcHub{listener: listener, clients: map[string]*talk{}}
	h.server = grpc.NewServer(grpc.Creds(credentials.NewTLS(secure)), grpc.NumStreamWorkers(uint32(runtime.NumCPU())),
		grpc.MaxConcurrentStreams(math.MaxUint32), grpc.MaxRecvMsgSize(2*maxPayload),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: heartbeat / 2, PermitWithoutStream: true}))
	exchange.RegisterExchangeServiceServer(h.server, &grpcService{hub: h, tally: tally})
	h.wg.Go(func() { _ = h.server.Serve(listener) }) // until Close
	return h, nil
}

// Ask is part of [load.Hub], as is Broadcast.
func (h *grpcHub) Ask(ctx context.Context, name string, payload []byte) error {
	h.mu.Lock()
	t := h.clients[name]
	h.mu.Unlock()
	if t == nil {
		return fmt.Errorf("no client %q", name)
	}
	return t.Ask(ctx, payload)
}

func (h *grpcHub) Broadcast(_ context.Context, payload []byte) (failed int, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, t := range h.clients {
		if t.send(exchange.Kind_KIND_TELL, 0, payload) != nil {
			failed++
		}
	}
	return failed, nil
}

func (h *grpcHub) Addr() string { return h.listener.Addr().String() }

func (h *grpcHub) Close() error {
	h.server.Stop()
	h.wg.Wait()
	return nil
}

// grpcService is what clients call.
type grpcService struct {
	exchange.UnimplementedExchangeServiceServer
	hub   *grpcHub
	tally *load.Tally
}

func (s *grpcService) Ask(_ context.Context, m *exchange.Message) (*exchange.Message, error) {
	s.tally.Count(m.Payload)
	return &exchange.Message{Payload: m.Payload}, nil
}

func (s *grpcService) Talk(stream grpc.BidiStreamingServer[exchange.Message, exchange.Message]) error {
	hello, err := stream.Recv()
	if err != nil {
		return err
	}
	name, t := string(hello.Payload), &talk{stream: stream}
	s.hub.mu.Lock()
	s.hub.clients[name] = t
	s.hub.mu.Unlock()
	defer func() {
		s.hub.mu.Lock()
		defer s.hub.mu.Unlock()
		delete(s.hub.clients, name)
	}()
	if err := t.send(exchange.Kind_KIND_HELLO, 0, nil); err != nil {
		return err
	}
	t.read(s.tally.Count, s.tally.Count)
	return nil
}
