// Command client sends a command and waits for its answer, then several at once
// whose answers are handed to a callback as they come:
//
//	go run ./examples/callback/client
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"sync"
	"time"

	"github.com/voilet/QuicFlow/pkg/protocol"
	"github.com/voilet/QuicFlow/pkg/transport/client"
)

func main() {
	addr := flag.String("server", "localhost:8474", "address of the hub")
	ca := flag.String("ca", "certs/ca.crt", "CA that signed the hub's certificate")
	flag.Parse()
	if err := run(*addr, *ca); err != nil {
		log.Fatal(err)
	}
}

func run(addr, ca string) (err error) {
	ctx, done := signal.NotifyContext(context.Background(), os.Interrupt)
	defer done()
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()

	c, err := client.NewClient(&client.ClientConfig{ClientID: "callback-client", TLSCAFile: ca})
	if err != nil {
		return err
	}
	if err := c.Connect(addr); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close(ctx)) }()

	// Send message and wait for Ack
	ack, err := c.SendMessage(ctx, command("Hello, Server!"), true, 0)
	if err != nil {
		return err
	}
	fmt.Printf("Received Ack: status=%v, result=%s\n", ack.Status, ack.Result)
	return sendAll(ctx, c, "a rather long text", "a short one", "", "tiny")
}

// sendAll sends all texts before the first answer is there.
func sendAll(ctx context.Context, c *client.Client, texts ...string) error {
	var answers sync.WaitGroup
	defer answers.Wait()
	for _, text := range texts {
		promise, err := c.SendAsync(ctx, command(text), 5*time.Second)
		if err != nil {
			return err
		}
		answers.Add(1)
		promise.Then(func(ack *protocol.AckMessage, err error) {
			defer answers.Done()
			report(text, ack, err)
		})
	}
	return nil
}

// report tells the three ways apart in which a message can end.
func report(text string, ack *protocol.AckMessage, err error) {
	switch {
	case err != nil:
		fmt.Printf("%q: no answer: %v\n", text, err)
	case ack.Status != protocol.AckStatus_ACK_STATUS_SUCCESS:
		fmt.Printf("%q: the server failed: %s\n", text, ack.Error)
	default:
		fmt.Printf("%q: %s\n", text, ack.Result)
	}
}

func command(text string) *protocol.DataMessage {
	return &protocol.DataMessage{
		Type:    protocol.MessageType_MESSAGE_TYPE_COMMAND,
		Payload: []byte(text),
	}
}
