package soak

import (
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/voilet/QuicFlow/internal/certs"
	"github.com/voilet/QuicFlow/internal/testnet"
	"github.com/voilet/QuicFlow/pkg/transport/client"
)

// settle is how long what a connection has held may take to be free.
const settle = 5 * time.Second

// TestChurn has 100 clients a second come, send a message and go.
func TestChurn(t *testing.T) {
	n := testnet.Loopback(t)
	hub := n.Hub(testnet.Echo(), nil)
	socket := newSocket(t)
	churn := func(name string, d time.Duration) int {
		var wg sync.WaitGroup
		ticks := time.NewTicker(10 * time.Millisecond)
		defer ticks.Stop()
		clients := 0
		for end := time.Now().Add(d); time.Now().Before(end); clients++ {
			<-ticks.C
			id := fmt.Sprint(name, clients)
			wg.Go(func() { comeAndGo(t, n, socket, id) })
		}
		wg.Wait()
		eventually(t, "the hub has no clients", func() bool { return hub.GetMetrics().ConnectedClients == 0 })
		return clients
	}
	idle := settled(t, churn("warm", long()/4))
	count := churn("worn", long())
	after := measure()
	for end := time.Now().Add(settle); time.Now().Before(end) && !after.within(idle); after = measure() {
		time.Sleep(100 * time.Millisecond) // some ends of connections are not quite there yet
	}
	flat(t, idle, after)
	t.Logf("%d clients in %v", count, long())
}

// settled returns the usage after the first clients, when pools and tables are there.
func settled(t *testing.T, clients int) (u usage) {
	t.Helper()
	if clients == 0 {
		t.Fatal("there were no clients")
	}
	last := -1
	eventually(t, "the number of goroutines stays", func() bool {
		u = measure()
		same := u.goroutines == last
		last = u.goroutines
		return same
	})
	return u
}

func comeAndGo(t *testing.T, n *testnet.Network, socket *client.Socket, id string) {
	c, err := client.NewClient(&client.ClientConfig{
		ClientID: id, TLSCAFile: n.Dir() + "/" + certs.CACertFile, Socket: socket, ReconnectEnabled: true,
	})
	if err != nil {
		t.Error(err)
		return
	}
	if err := c.Connect(n.Addr()); err != nil {
		t.Errorf("%s: %v", id, err)
		return
	}
	if _, err := c.SendMessage(t.Context(), testnet.Command(id), true, patience); err != nil {
		t.Errorf("%s: %v", id, err)
	}
	if err := c.Close(t.Context()); err != nil {
		t.Errorf("%s: %v", id, err)
	}
}

// newSocket returns a socket for any number of clients.
func newSocket(t *testing.T) *client.Socket {
	t.Helper()
	pc, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := client.NewSocket(pc)
	t.Cleanup(func() { _ = s.Close() })
	return s
}
