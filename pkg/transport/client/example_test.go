package client_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/voilet/QuicFlow/internal/testnet"
	"github.com/voilet/QuicFlow/pkg/callback"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
	"github.com/voilet/QuicFlow/pkg/transport/client"
)

// A client that stays, whatever happens to its connection, and is stopped in order.
func Example() {
	addr, ca, stop := testnet.RunningHub(testnet.Echo()) // answers each command with its payload
	defer stop()

	c, err := client.NewClient(&client.ClientConfig{
		ClientID:         "client-001",
		TLSCAFile:        ca,
		ReconnectEnabled: true,
	})
	if err != nil {
		log.Fatal(err)
	}
	if err := c.Connect(addr); err != nil { // usually "hub.example.com:8474"
		log.Fatal(err)
	}
	fmt.Println(c.State())

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	ack, err := c.SendMessage(ctx, &protocol.DataMessage{
		Type:    protocol.MessageType_MESSAGE_TYPE_COMMAND,
		Payload: []byte("Hello, Server!"),
	}, true, 0)
	switch {
	case errors.Is(err, qerrors.ErrNotSent):
		fmt.Println("not sent, try again:", err)
	case err != nil:
		fmt.Println("it may have been handled:", err)
	default:
		fmt.Println(ack.Status.Name(), string(ack.Result))
	}

	if err := c.Close(ctx); err != nil {
		log.Fatal(err)
	}
	fmt.Println(c.State(), c.Err())
	_, err = c.SendMessage(ctx, &protocol.DataMessage{Type: protocol.MessageType_MESSAGE_TYPE_COMMAND}, true, 0)
	fmt.Println(err)

	// Output:
	// connected
	// success Hello, Server!
	// closed closed: the client was closed
	// closed: the client was closed (the message was not sent)
}

// Three messages under way at once.
func ExampleClient_SendAsync() {
	addr, ca, stop := testnet.RunningHub(testnet.Echo()) // answers each command with its payload
	defer stop()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	c, err := client.NewClient(&client.ClientConfig{ClientID: "client-001", TLSCAFile: ca})
	if err != nil {
		log.Fatal(err)
	}
	if err := c.Connect(addr); err != nil {
		log.Fatal(err)
	}
	defer c.Close(ctx)

	var promises []*callback.Promise
	for _, text := range []string{"one", "two", "three"} {
		promise, err := c.SendAsync(ctx, &protocol.DataMessage{
			Type:    protocol.MessageType_MESSAGE_TYPE_COMMAND,
			Payload: []byte(text),
		}, 5*time.Second)
		if err != nil {
			log.Fatal(err)
		}
		promises = append(promises, promise)
	}
	for _, promise := range promises {
		ack, err := promise.Wait(ctx)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(string(ack.Result))
	}

	// Output:
	// one
	// two
	// three
}
