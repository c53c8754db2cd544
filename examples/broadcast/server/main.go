// Command server sends an event to all clients every second:
//
//	go run ./examples/broadcast/server -count 10
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/voilet/QuicFlow/pkg/monitoring"
	"github.com/voilet/QuicFlow/pkg/protocol"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

func main() {
	addr := flag.String("addr", ":8474", "UDP address to listen on")
	certs := flag.String("certs", "certs", "folder with server.crt and server.key")
	every := flag.Duration("every", time.Second, "time between two broadcasts")
	count := flag.Int("count", 0, "broadcasts to send before the end; 0 for no end")
	flag.Parse()
	if err := run(*addr, *certs, *every, *count); err != nil {
		log.Fatal(err)
	}
}

func run(addr, certs string, every time.Duration, count int) error {
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
	if err := srv.Start(addr); err != nil {
		return err
	}
	broadcast(interrupted, srv, every, count)

	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return srv.Stop(ctx)
}

// broadcast sends count events, or events until ctx ends.
func broadcast(ctx context.Context, srv *server.Server, every time.Duration, count int) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for n := 1; count == 0 || n <= count; n++ {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		result, err := srv.Broadcast(ctx, &protocol.DataMessage{
			Type:    protocol.MessageType_MESSAGE_TYPE_EVENT,
			Payload: fmt.Appendf(nil, "event %d", n),
		})
		if err != nil {
			log.Printf("Broadcast %d: %v", n, err)
			continue
		}
		fmt.Printf("event %d went to %d of %d clients\n", n, result.Delivered, result.Total)
		for id, err := range result.Failed {
			log.Printf("Not to %s: %v", id, err)
		}
	}
}
