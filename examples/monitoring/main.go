// Command monitoring-server is a hub that shows what it does: hooks log each
// event, and Prometheus finds its metrics at -metrics. With -load it has clients
// of its own, so that there is something to see:
//
//	go run ./examples/monitoring -metrics :9091 -load
//	curl -s localhost:9091/metrics
package main

import (
	"context"
	"errors"
	"flag"
	"log"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/voilet/QuicFlow/pkg/dispatcher"
	"github.com/voilet/QuicFlow/pkg/monitoring"
	"github.com/voilet/QuicFlow/pkg/protocol"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

func main() {
	addr := flag.String("addr", ":8474", "UDP address to listen on")
	metrics := flag.String("metrics", ":9091", "TCP address for Prometheus and health checks")
	certs := flag.String("certs", "certs", "folder with server.crt, server.key and ca.crt")
	load := flag.Bool("load", false, "have a little traffic, from clients of its own")
	flag.Parse()
	if err := run(*addr, *metrics, *certs, *load); err != nil {
		log.Fatal(err)
	}
}

func run(addr, metrics, certs string, load bool) error {
	interrupted, done := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer done()
	logger := monitoring.NewLogger(monitoring.LogLevelInfo, "text")

	srv, err := server.NewServer(&server.ServerConfig{
		TLSCertFile: filepath.Join(certs, "server.crt"),
		TLSKeyFile:  filepath.Join(certs, "server.key"),
		Logger:      logger,
		Hooks:       logEvents(logger),
	})
	if err != nil {
		return err
	}
	d := dispatcher.NewDispatcher(nil)
	d.RegisterHandler(protocol.MessageType_MESSAGE_TYPE_COMMAND, dispatcher.HandlerFunc(echo))
	d.RegisterHandler(protocol.MessageType_MESSAGE_TYPE_EVENT, dispatcher.HandlerFunc(ignore))
	srv.SetDispatcher(d)

	// What Go and the system say of the process, beside what the hub counts.
	srv.Registry().MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))

	// Before the hub listens, so that /readyz says that it does not yet.
	listener, err := net.Listen("tcp", metrics)
	if err != nil {
		return err
	}
	web := &http.Server{
		Handler:           monitoring.NewHandler(monitoring.HandlerOptions{Metrics: srv.Registry(), Ready: srv.Ready, Logger: logger}),
		ReadHeaderTimeout: 5 * time.Second,
	}
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() { _ = web.Serve(listener) }) // until it is closed
	defer web.Close()
	logger.Info("metrics", "url", "http://"+listener.Addr().String()+"/metrics")

	if err := srv.Start(addr); err != nil {
		return err
	}
	if load {
		wg.Go(func() {
			logger.Info("the load has ended", "reason", generate(interrupted, srv, filepath.Join(certs, "ca.crt")))
		})
	}
	<-interrupted.Done()

	// What is under way has five seconds to finish.
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return srv.Stop(ctx)
}

func echo(_ context.Context, msg *protocol.DataMessage) (*protocol.DataMessage, error) {
	if string(msg.Payload) == "fail" {
		return nil, errors.New("as you wish")
	}
	return &protocol.DataMessage{Payload: msg.Payload}, nil
}

func ignore(context.Context, *protocol.DataMessage) (*protocol.DataMessage, error) { return nil, nil }

// logEvents returns hooks that log all there is. They run one after another,
// beside the work of the hub: a slow one costs events, never messages.
func logEvents(logger *slog.Logger) *monitoring.EventHooks {
	event := func(what string, args ...any) { logger.Info("event", append([]any{"what", what}, args...)...) }
	return &monitoring.EventHooks{
		OnConnect:          func(clientID string) { event("connect", "client_id", clientID) },
		OnDisconnect:       func(clientID string, err error) { event("disconnect", "client_id", clientID, "error", err) },
		OnHeartbeatTimeout: func(clientID string) { event("heartbeat timeout", "client_id", clientID) },
		OnMessageSent: func(msgID, clientID string, err error) {
			event("message sent", "msg_id", msgID, "client_id", clientID, "error", err)
		},
		OnMessageReceived: func(msgID, clientID string) { event("message received", "msg_id", msgID, "client_id", clientID) },
		OnBroadcast: func(msgID string, total, failed int) {
			event("broadcast", "msg_id", msgID, "clients", total, "failed", failed)
		},
		OnPromiseTimeout: func(msgID, clientID string) { event("no answer in time", "msg_id", msgID, "client_id", clientID) },
		OnDropped:        func(messages, others int) { event("too slow for events", "messages", messages, "others", others) },
		OnError:          func(err error) { event("error", "error", err) },
	}
}
