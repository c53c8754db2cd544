package server_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/voilet/QuicFlow/internal/testnet"
	"github.com/voilet/QuicFlow/pkg/dispatcher"
	"github.com/voilet/QuicFlow/pkg/protocol"
	"github.com/voilet/QuicFlow/pkg/transport/client"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

// A hub that greets who sends it a command.
func Example() {
	certs, remove := testnet.Certificates()
	defer remove()

	d := dispatcher.NewDispatcher(nil)
	d.RegisterHandler(protocol.MessageType_MESSAGE_TYPE_COMMAND, dispatcher.HandlerFunc(
		func(ctx context.Context, msg *protocol.DataMessage) (*protocol.DataMessage, error) {
			return &protocol.DataMessage{Payload: []byte("Hello, " + msg.SenderId)}, nil
		}))

	srv, err := server.NewServer(&server.ServerConfig{
		TLSCertFile: certs + "/server.crt",
		TLSKeyFile:  certs + "/server.key",
	})
	if err != nil {
		log.Fatal(err)
	}
	srv.SetDispatcher(d)
	if err := srv.Start("127.0.0.1:0"); err != nil { // usually ":8474"
		log.Fatal(err)
	}

	c, err := client.NewClient(&client.ClientConfig{ClientID: "client-001", TLSCAFile: certs + "/ca.crt"})
	if err != nil {
		log.Fatal(err)
	}
	if err := c.Connect(srv.Addr().String()); err != nil {
		log.Fatal(err)
	}
	ack, err := c.SendMessage(context.Background(), &protocol.DataMessage{
		Type: protocol.MessageType_MESSAGE_TYPE_COMMAND,
	}, true, 5*time.Second)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(ack.Status.Name(), string(ack.Result))

	// What is under way has ten seconds to finish. The client is told.
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	fmt.Println("stopped:", srv.Stop(ctx))
	fmt.Println("client closed:", c.Close(ctx))

	// Output:
	// success Hello, client-001
	// stopped: <nil>
	// client closed: <nil>
}

// A hub that asks a client, and then tells all of them.
func ExampleServer_SendMessage() {
	certs, remove := testnet.Certificates()
	defer remove()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()

	srv, err := server.NewServer(&server.ServerConfig{TLSCertFile: certs + "/server.crt", TLSKeyFile: certs + "/server.key"})
	if err != nil {
		log.Fatal(err)
	}
	if err := srv.Start("127.0.0.1:0"); err != nil {
		log.Fatal(err)
	}
	defer srv.Stop(ctx)

	c, err := client.NewClient(&client.ClientConfig{ClientID: "client-001", TLSCAFile: certs + "/ca.crt"})
	if err != nil {
		log.Fatal(err)
	}
	told := make(chan string, 1)
	d := dispatcher.NewDispatcher(nil)
	d.RegisterHandler(protocol.MessageType_MESSAGE_TYPE_QUERY, dispatcher.HandlerFunc(
		func(context.Context, *protocol.DataMessage) (*protocol.DataMessage, error) {
			return &protocol.DataMessage{Payload: []byte("21.5 °C")}, nil
		}))
	d.RegisterHandler(protocol.MessageType_MESSAGE_TYPE_EVENT, dispatcher.HandlerFunc(
		func(_ context.Context, msg *protocol.DataMessage) (*protocol.DataMessage, error) {
			told <- string(msg.Payload)
			return nil, nil
		}))
	c.SetDispatcher(d)
	if err := c.Connect(srv.Addr().String()); err != nil {
		log.Fatal(err)
	}

	ack, err := srv.SendMessage(ctx, "client-001", &protocol.DataMessage{
		Type:    protocol.MessageType_MESSAGE_TYPE_QUERY,
		Payload: []byte("temperature"),
	}, true, 0)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("the client answers:", string(ack.Result))

	_, err = srv.SendMessage(ctx, "client-001", &protocol.DataMessage{Type: protocol.MessageType_MESSAGE_TYPE_COMMAND}, true, 0)
	fmt.Println("err:", err) // that the client has no handler is no error, but its answer

	result, err := srv.Broadcast(ctx, &protocol.DataMessage{
		Type:    protocol.MessageType_MESSAGE_TYPE_EVENT,
		Payload: []byte("the window is open"),
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("queued for %d of %d clients\n", result.Delivered, result.Total)
	fmt.Println("the client was told:", <-told)
	fmt.Println("client closed:", c.Close(ctx))

	// Output:
	// the client answers: 21.5 °C
	// err: <nil>
	// queued for 1 of 1 clients
	// the client was told: the window is open
	// client closed: <nil>
}
