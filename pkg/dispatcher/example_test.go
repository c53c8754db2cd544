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
	addr, ca, stop := testnet.RunningHub(d)
	c, err := client.NewClient(&client.ClientConfig{ClientID: "client-001", TLSCAFile: ca})
	if err != nil {
		log.Fatal(err)
	}
	if err := c.Connect(addr); err != nil {
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
		defer stop()
		if err := c.Close(context.Background()); err != nil {
			log.Fatal(err)
		}
	}
}
