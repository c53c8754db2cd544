package callback_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/voilet/QuicFlow/internal/testnet"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
	"github.com/voilet/QuicFlow/pkg/transport/client"
)

// The promise of an answer, which is waited for, called back for, or called off.
func ExamplePromise() {
	release := make(chan struct{})
	addr, ca, stop := testnet.RunningHub(testnet.Handle(func(ctx context.Context, msg *protocol.DataMessage) (*protocol.DataMessage, error) {
		if string(msg.Payload) == "slow" {
			<-release
		}
		return &protocol.DataMessage{Payload: msg.Payload}, nil
	}))
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
	defer close(release)

	quick, err := c.SendAsync(ctx, testnet.Command("quick"), 5*time.Second)
	if err != nil {
		log.Fatal(err)
	}
	called := make(chan struct{})
	quick.Then(func(ack *protocol.AckMessage, err error) {
		fmt.Println("called back:", string(ack.GetResult()), err)
		close(called)
	})
	<-called

	slow, err := c.SendAsync(ctx, testnet.Command("slow"), 5*time.Second)
	if err != nil {
		log.Fatal(err)
	}
	select {
	case <-slow.Done():
		fmt.Println("this was fast")
	default:
		slow.Cancel(errors.New("the user has left"))
	}
	_, err = slow.Result()
	fmt.Println(err)
	fmt.Println("may have been handled:", errors.Is(err, qerrors.ErrOutcomeUnknown))

	// Output:
	// called back: quick <nil>
	// canceled: cancelled: the user has left (the message was sent; whether it was handled is unknown)
	// may have been handled: true
}
