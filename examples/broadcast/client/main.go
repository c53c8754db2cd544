// Command client prints the events that the server broadcasts. Start several,
// each with an id of its own; stop and start the server, and they come back:
//
//	go run ./examples/broadcast/client -id broadcast-client-2
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/voilet/QuicFlow/pkg/dispatcher"
	"github.com/voilet/QuicFlow/pkg/monitoring"
	"github.com/voilet/QuicFlow/pkg/protocol"
	"github.com/voilet/QuicFlow/pkg/transport/client"
)

func main() {
	addr := flag.String("server", "localhost:8474", "address of the hub")
	ca := flag.String("ca", "certs/ca.crt", "CA that signed the hub's certificate")
	id := flag.String("id", "broadcast-client", "name of this client")
	flag.Parse()
	if err := run(*addr, *ca, *id); err != nil {
		log.Fatal(err)
	}
}

func run(addr, ca, id string) error {
	interrupted, done := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer done()

	c, err := client.NewClient(&client.ClientConfig{
		ClientID:         id,
		TLSCAFile:        ca,
		ReconnectEnabled: true,
		Logger:           monitoring.NewLogger(monitoring.LogLevelInfo, "text"),
	})
	if err != nil {
		return err
	}
	d := dispatcher.NewDispatcher(nil)
	d.RegisterHandler(protocol.MessageType_MESSAGE_TYPE_EVENT, dispatcher.HandlerFunc(printEvent))
	c.SetDispatcher(d)
	if err := c.Connect(addr); err != nil {
		return err
	}
	select {
	case <-interrupted.Done():
	case <-c.Done(): // it gave up, as when another client took its id
		return c.Err()
	}

	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return c.Close(ctx)
}

func printEvent(_ context.Context, msg *protocol.DataMessage) (*protocol.DataMessage, error) {
	fmt.Printf("%s\n", msg.Payload)
	return nil, nil
}
