package soak

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/voilet/QuicFlow/internal/certs"
	"github.com/voilet/QuicFlow/internal/testnet"
	"github.com/voilet/QuicFlow/pkg/transport/client"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

// TestCrowd has many clients connect in one moment. A hub refuses those that it cannot
// take at once, and each of them gets in with one of its retries.
func TestCrowd(t *testing.T) {
	count := 300
	if *duration > 0 {
		count = 10_000
	}
	n := testnet.Loopback(t)
	hub := n.Hub(testnet.Echo(), func(c *server.ServerConfig) { c.MaxClients = count })
	clients := make([]*client.Client, count)
	sockets := []*client.Socket{newSocket(t), newSocket(t), newSocket(t), newSocket(t)}
	for i := range clients {
		c, err := client.NewClient(&client.ClientConfig{
			ClientID: fmt.Sprint(i), TLSCAFile: n.Dir() + "/" + certs.CACertFile, Socket: sockets[i%len(sockets)], ReconnectEnabled: true,
		})
		if err != nil {
			t.Fatal(err)
		}
		clients[i] = c
	}
	begun := time.Now()
	var wg sync.WaitGroup
	for i, c := range clients {
		wg.Go(func() {
			if err := c.Connect(n.Addr()); err != nil {
				t.Errorf("client %d: %v", i, err)
				return
			}
			if _, err := c.SendMessage(context.Background(), testnet.Command("x"), true, 10*time.Minute); err != nil { // waits for the connection
				t.Errorf("client %d: %v", i, err)
			}
		})
	}
	wg.Wait()
	var retries uint64
	for _, c := range clients {
		for _, times := range c.GetMetrics().Refused {
			retries += times
		}
	}
	t.Logf("%d clients were there after %v, with %d retries; the hub has refused %v", count, time.Since(begun), retries, hub.GetMetrics().Refused)
	if got := hub.GetMetrics().ConnectedClients; got != count {
		t.Errorf("the hub has %d clients", got)
	}
	for _, c := range clients {
		wg.Go(func() { _ = c.Close(t.Context()) }) // ends with the hub, should it be too slow
	}
	wg.Wait()
}
