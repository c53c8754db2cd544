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
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

// A client that stays, whatever happens to its connection, and is stopped in order.
func Example() {
	certs, remove := testnet.Certificates()
	defer remove()
	srv, err := server.NewServer(&server.ServerConfig{TLSCertFile: certs + "/server.crt", TLSKeyFile: certs + "/server.key"})
	if err != nil {
		log.Fatal(err)
	}
	srv.SetDispatcher(testnet.Echo()) // answers each command with its payload
	if err := srv.Start("127.0.0.1:0"); err != nil {
		log.Fatal(err)
	}

	c, err := client.NewClient(&client.ClientConfig{
		ClientID:         "client-001",
		TLSCAFile:        certs + "/ca.crt",
		ReconnectEnabled: true,
	})
	if err != nil {
		log.Fatal(err)
	}
	if err := c.Connect(srv.Addr().String()); err != nil { // usually "hub.example.com:8474"
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
		fmt.Println(ack.Status.Name(), string(ack.Result), ack.Error == "")
	}

	if err := c.Close(ctx); err != nil {
		log.Fatal(err)
	}
	fmt.Println(c.State(), c.Err())
	_, err = c.SendMessage(ctx, &protocol.DataMessage{Type: protocol.MessageType_MESSAGE_TYPE_COMMAND}, true, 0)
	fmt.Println(err)
	if err := srv.Stop(ctx); err != nil {
		log.Fatal(err)
	}

	// Output:
	// connected
	// success Hello, Server! true
	// closed closed: the client was closed
	// closed: the client was closed (the message was not sent)
}

// Three messages under way at once.
func ExampleClient_SendAsync() {
	certs, remove := testnet.Certificates()
	defer remove()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	srv, err := server.NewServer(&server.ServerConfig{TLSCertFile: certs + "/server.crt", TLSKeyFile: certs + "/server.key"})
	if err != nil {
		log.Fatal(err)
	}
	srv.SetDispatcher(testnet.Echo()) // answers each command with its payload
	if err := srv.Start("127.0.0.1:0"); err != nil {
		log.Fatal(err)
	}
	defer srv.Stop(ctx)
	c, err := client.NewClient(&client.ClientConfig{ClientID: "client-001", TLSCAFile: certs + "/ca.crt"})
	if err != nil {
		log.Fatal(err)
	}
	if err := c.Connect(srv.Addr().String()); err != nil {
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
