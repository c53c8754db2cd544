package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"github.com/voilet/QuicFlow/pkg/dispatcher"
	"github.com/voilet/QuicFlow/pkg/protocol"
	"github.com/voilet/QuicFlow/pkg/transport/client"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

// clients are how many of its own the hub has with -load.
const clients = 5

// generate has clients exchange messages with the hub until ctx ends: each sends
// about ten a second, one in twenty of which fails; the hub asks each one as
// often, and broadcasts once a second. Now and then a client leaves and another
// comes.
func generate(ctx context.Context, srv *server.Server, ca string) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	addr := fmt.Sprintf("localhost:%d", srv.Addr().(*net.UDPAddr).Port)
	var wg sync.WaitGroup
	for i := range clients {
		wg.Go(func() {
			for ctx.Err() == nil {
				if err := visit(ctx, srv, addr, ca, fmt.Sprint("load-", i)); err != nil {
					cancel(err)
				}
			}
		})
	}
	wg.Go(func() {
		for pause(ctx, time.Second) {
			_, _ = srv.Broadcast(ctx, message(protocol.MessageType_MESSAGE_TYPE_EVENT, "tick")) // seen in the metrics
		}
	})
	wg.Wait()
	return context.Cause(ctx)
}

// visit is a client that stays for half a minute or so.
func visit(ctx context.Context, srv *server.Server, addr, ca, id string) error {
	c, err := client.NewClient(&client.ClientConfig{ClientID: id, TLSCAFile: ca, ReconnectEnabled: true})
	if err != nil {
		return err
	}
	d := dispatcher.NewDispatcher(nil)
	d.RegisterHandler(protocol.MessageType_MESSAGE_TYPE_QUERY, dispatcher.HandlerFunc(echo))
	d.RegisterHandler(protocol.MessageType_MESSAGE_TYPE_EVENT, dispatcher.HandlerFunc(ignore))
	c.SetDispatcher(d)
	if err := c.Connect(addr); err != nil {
		return err
	}
	for end := time.Now().Add(time.Duration(20+rand.IntN(20)) * time.Second); time.Now().Before(end); {
		text := "hello"
		if rand.IntN(20) == 0 {
			text = "fail"
		}
		// What becomes of them is seen in the metrics.
		_, _ = c.SendMessage(ctx, message(protocol.MessageType_MESSAGE_TYPE_COMMAND, text), true, 0)
		_, _ = srv.SendMessage(ctx, id, message(protocol.MessageType_MESSAGE_TYPE_QUERY, "how are you?"), true, 0)
		if !pause(ctx, time.Duration(rand.IntN(200))*time.Millisecond) {
			break
		}
	}
	// The hub may be going as well: then there is a second for both.
	leaving, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	_ = c.Close(leaving)
	return nil
}

// pause waits, and reports whether ctx has not ended.
func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}

func message(t protocol.MessageType, text string) *protocol.DataMessage {
	return &protocol.DataMessage{Type: t, Payload: []byte(text)}
}
