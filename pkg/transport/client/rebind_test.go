package client_test

import (
	"fmt"
	"maps"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/voilet/QuicFlow/internal/testnet"
	"github.com/voilet/QuicFlow/pkg/protocol"
	"github.com/voilet/QuicFlow/pkg/transport/client"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

// A NAT gives the client another port every few seconds. The connection lives on
// and loses nothing; the hub follows.
func TestNATRebinding(t *testing.T) {
	for name, bad := range map[string]testnet.Impairment{
		"good network": {},
		"loss":         {Loss: 0.05},
		"reordering":   {Jitter: 20 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { rebind(t, bad) })
		})
	}
}

func rebind(t *testing.T, bad testnet.Impairment) {
	n := testnet.Virtual(t)
	var atHub, atClient ledger
	var hubEvents, clientEvents testnet.Events
	hub := n.Hub(atHub.dispatcher(), func(c *server.ServerConfig) { c.Hooks = hubEvents.Connections() })
	c := n.Client("a", atClient.dispatcher(), func(c *client.ClientConfig) {
		c.ReconnectEnabled, c.Hooks = true, clientEvents.Connections()
	})
	n.Connect(c)
	n.Impair(bad)
	want := make(map[string]int)
	addresses := make(map[string]bool)
	var wg sync.WaitGroup
	for i := range 150 { // 30 s of messages, and another address every 3
		if i%15 == 7 {
			n.Rebind("a")
		}
		msg := testnet.Command(string(make([]byte, i*i%100_000)))
		msg.MsgId = fmt.Sprint(i)
		want[msg.MsgId] = 1
		exchange := func(way string, send func() (*protocol.AckMessage, error)) {
			if _, err := send(); err != nil {
				t.Errorf("message %d %s: %v", i, way, err)
			}
		}
		wg.Go(func() {
			exchange("up", func() (*protocol.AckMessage, error) {
				return c.SendMessage(t.Context(), msg, true, time.Minute)
			})
		})
		wg.Go(func() {
			exchange("down", func() (*protocol.AckMessage, error) {
				return hub.SendMessage(t.Context(), "a", msg, true, time.Minute)
			})
		})
		time.Sleep(200 * time.Millisecond)
		info, _ := hub.Client("a")
		addresses[info.RemoteAddr] = true
	}
	wg.Wait()
	if len(addresses) != 11 {
		t.Errorf("the hub has seen the client at %d addresses, want 11", len(addresses))
	}
	if !maps.Equal(atHub.handled, want) || !maps.Equal(atClient.handled, want) {
		t.Errorf("handled at the hub: %v\nat the client: %v", atHub.handled, atClient.handled)
	}
	for where, events := range map[string]*testnet.Events{"hub": &hubEvents, "client": &clientEvents} {
		if d := cmp.Diff([]string{"connect a"}, events.All()); d != "" {
			t.Errorf("events at the %s (-want +got):\n%s", where, d)
		}
	}
}

// A client that is quiet while its address changes tells the hub with its next
// heartbeat, and can be reached again.
func TestNATRebindingWhileIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		hub := n.Hub(testnet.Echo(), nil)
		c := n.Client("a", testnet.Echo(), nil)
		n.Connect(c)
		before, _ := hub.Client("a")
		for range 20 {
			n.Rebind("a")
			if _, err := hub.SendMessage(t.Context(), "a", testnet.Command("x"), true, time.Minute); err != nil {
				t.Errorf("to a client with another address: %v", err)
			}
			time.Sleep(time.Minute)
		}
		after, ok := hub.Client("a")
		if !ok || after.SessionID != before.SessionID || after.RemoteAddr == before.RemoteAddr {
			t.Errorf("the client was %+v and is %+v", before, after)
		}
	})
}
