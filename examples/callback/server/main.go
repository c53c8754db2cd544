// Command server answers each command after a while, the longer its text, the
// later, and refuses an empty one:
//
//	go run ./examples/callback/server
package main

import (
	"bytes"
	"context"
	"errors"
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
	d.RegisterHandler(protocol.MessageType_MESSAGE_TYPE_COMMAND, dispatcher.HandlerFunc(upper))
	srv.SetDispatcher(d)
	if err := srv.Start(addr); err != nil {
		return err
	}
	<-interrupted.Done()

	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return srv.Stop(ctx)
}

// upper answers with the text in capitals.
func upper(ctx context.Context, msg *protocol.DataMessage) (*protocol.DataMessage, error) {
	if len(msg.Payload) == 0 {
		return nil, errors.New("there is no text")
	}
	select {
	case <-time.After(time.Duration(len(msg.Payload)) * 20 * time.Millisecond):
	case <-ctx.Done(): // nobody waits any more
		return nil, context.Cause(ctx)
	}
	return &protocol.DataMessage{Payload: bytes.ToUpper(msg.Payload)}, nil
}
