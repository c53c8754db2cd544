package dispatcher_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/voilet/QuicFlow/internal/testnet"
	"github.com/voilet/QuicFlow/pkg/dispatcher"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
	"github.com/voilet/QuicFlow/pkg/transport/client"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

// A hub with a handler for commands, and a middleware around all handlers.
func Example() {
	d := dispatcher.NewDispatcher(&dispatcher.Config{Workers: 4, Timeout: 5 * time.Second})
	d.Use(func(next dispatcher.Handler) dispatcher.Handler {
		return dispatcher.HandlerFunc(func(ctx context.Context, msg *protocol.DataMessage) (*protocol.DataMessage, error) {
			if msg.Headers["token"] != "secret" {
				return nil, errors.New("the token is wrong")
			}
			return next.OnMessage(ctx, msg)
		})
	})
	d.RegisterHandler(protocol.MessageType_MESSAGE_TYPE_COMMAND, dispatcher.HandlerFunc(
		func(_ context.Context, msg *protocol.DataMessage) (*protocol.DataMessage, error) {
			return &protocol.DataMessage{Payload: append([]byte("done: "), msg.Payload...)}, nil
		}))

	send, end := hubWith(d)
	defer end()
	send(protocol.MessageType_MESSAGE_TYPE_COMMAND, "secret")
	send(protocol.MessageType_MESSAGE_TYPE_COMMAND, "guess")
	send(protocol.MessageType_MESSAGE_TYPE_QUERY, "secret")

	// Output:
	// success "done: restart"
	// failure handler_failed: the token is wrong
	// failure no_handler: no handler is registered for messages of type MESSAGE_TYPE_QUERY
}

// hubWith starts a hub with d, and a client that sends "restart" to it.
func hubWith(d *dispatcher.Dispatcher) (send func(t protocol.MessageType, token string), end func()) {
	certs, remove := testnet.Certificates()
	srv, err := server.NewServer(&server.ServerConfig{TLSCertFile: certs + "/server.crt", TLSKeyFile: certs + "/server.key"})
	if err != nil {
		log.Fatal(err)
	}
	srv.SetDispatcher(d)
	if err := srv.Start("127.0.0.1:0"); err != nil {
		log.Fatal(err)
	}
	c, err := client.NewClient(&client.ClientConfig{ClientID: "client-001", TLSCAFile: certs + "/ca.crt"})
	if err != nil {
		log.Fatal(err)
	}
	if err := c.Connect(srv.Addr().String()); err != nil {
		log.Fatal(err)
	}
	send = func(t protocol.MessageType, token string) {
		ack, err := c.SendMessage(context.Background(), &protocol.DataMessage{
			Type: t, Payload: []byte("restart"), Headers: map[string]string{"token": token},
		}, true, 5*time.Second)
		switch {
		case err != nil:
			fmt.Println(err)
		case ack.Status == protocol.AckStatus_ACK_STATUS_SUCCESS:
			fmt.Printf("%s %q\n", ack.Status.Name(), ack.Result)
		default:
			fmt.Printf("%s %v: %s\n", ack.Status.Name(), qerrors.Code(ack.Code), ack.Error)
		}
	}
	return send, func() {
		defer remove()
		if err := errors.Join(c.Close(context.Background()), srv.Stop(context.Background())); err != nil {
			log.Fatal(err)
		}
	}
}
