// Command client sends a text to the echo server and prints what comes back:
//
//	go run ./examples/echo/client -text 'Hello, Server!'
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"time"

	"github.com/voilet/QuicFlow/pkg/protocol"
	"github.com/voilet/QuicFlow/pkg/transport/client"
)

func main() {
	addr := flag.String("server", "localhost:8474", "address of the hub")
	ca := flag.String("ca", "certs/ca.crt", "CA that signed the hub's certificate")
	text := flag.String("text", "Hello, Server!", "what to send")
	flag.Parse()
	if err := run(*addr, *ca, *text); err != nil {
		log.Fatal(err)
	}
}

func run(addr, ca, text string) (err error) {
	ctx, done := signal.NotifyContext(context.Background(), os.Interrupt)
	defer done()
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()

	// Without ReconnectEnabled, a hub that cannot be reached is an error at once.
	c, err := client.NewClient(&client.ClientConfig{ClientID: "echo-client", TLSCAFile: ca})
	if err != nil {
		return err
	}
	if err := c.Connect(addr); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close(ctx)) }()

	ack, err := c.SendMessage(ctx, &protocol.DataMessage{
		Type:    protocol.MessageType_MESSAGE_TYPE_COMMAND,
		Payload: []byte(text),
	}, true, 0)
	switch {
	case err != nil: // no answer came
		return err
	case ack.Status != protocol.AckStatus_ACK_STATUS_SUCCESS: // the handler failed
		return errors.New(ack.Error)
	}
	fmt.Printf("%s\n", ack.Result)
	return nil
}
