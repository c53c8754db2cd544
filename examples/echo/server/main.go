// Command server answers each command with its own payload:
//
//	go run ./examples/echo/server
package main

import (
	"context"
	"flag"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/voilet/QuicFlow/pkg/dispatcher"
	"github.com/voilet/QuicFlow/pkg/monitoring"
	"github.com/voilet/QuicFlow/pkg/protocol"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

// EchoHandler echoes messages back to the sender.
type EchoHandler struct{}

// OnMessage returns what becomes the result of the acknowledgement.
func (h *EchoHandler) OnMessage(_ context.Context, msg *protocol.DataMessage) (*protocol.DataMessage, error) {
	log.Printf("Received message from %s: %s", msg.SenderId, msg.Payload)
	return &protocol.DataMessage{
		Type:    protocol.MessageType_MESSAGE_TYPE_RESPONSE,
		Payload: msg.Payload,
	}, nil
}

func main() {
	addr := flag.String("addr", ":8474", "UDP address to listen on")
	certs := flag.String("certs", "certs", "folder with server.crt and server.key")
	flag.Parse()
	if err := run(*addr, *certs); err != nil {
		log.Fatal(err)
	}
}

func run(addr, certs string) error {
	interrupted, done := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer done()

	srv, err := server.NewServer(&server.ServerConfig{
		TLSCertFile: filepath.Join(certs, "server.crt"),
		TLSKeyFile:  filepath.Join(certs, "server.key"),
		Logger:      monitoring.NewLogger(monitoring.LogLevelInfo, "text"),
	})
	if err != nil {
		return err
	}
	d := dispatcher.NewDispatcher(nil)
	d.RegisterHandler(protocol.MessageType_MESSAGE_TYPE_COMMAND, &EchoHandler{})
	srv.SetDispatcher(d)
	if err := srv.Start(addr); err != nil {
		return err
	}
	<-interrupted.Done()

	// What is under way has five seconds to finish.
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return srv.Stop(ctx)
}
