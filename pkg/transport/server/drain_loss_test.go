package server_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/voilet/QuicFlow/internal/testnet"
	"github.com/voilet/QuicFlow/pkg/transport/client"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

// The last packet of a connection, the one that closes it, may be lost like any
// other. Who has drained must not leave the other to its idle timeout.
func TestDrainEndsDespiteLoss(t *testing.T) {
	for name, end := range map[string]func(context.Context, *server.Server, *client.Client) error{
		"hub stops":     func(ctx context.Context, hub *server.Server, _ *client.Client) error { return hub.Stop(ctx) },
		"client closes": func(ctx context.Context, _ *server.Server, c *client.Client) error { return c.Close(ctx) },
	} {
		for seed := range uint64(20) {
			t.Run(fmt.Sprintf("%s/%d", name, seed), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					n := testnet.Virtual(t)
					hub := n.Hub(testnet.Echo(), nil)
					// A socket of its own, which ends with the client.
					c := n.Client("a", testnet.Echo(), nil)
					n.Connect(c)
					n.Impair(testnet.Impairment{Loss: 0.2, Seed: seed})
					ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
					defer cancel()
					begun := time.Now()
					if err := end(ctx, hub, c); err != nil {
						t.Errorf("not drained: %v", err)
					}
					<-c.Done()
					for {
						if _, there := hub.Client("a"); !there {
							break
						}
						time.Sleep(10 * time.Millisecond)
					}
					if d := time.Since(begun); d > 5*time.Second {
						t.Errorf("the connection ended after %v", d)
					}
				})
			})
		}
	}
}
