package client_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/voilet/QuicFlow/internal/testnet"
	"github.com/voilet/QuicFlow/pkg/callback"
	"github.com/voilet/QuicFlow/pkg/dispatcher"
	"github.com/voilet/QuicFlow/pkg/protocol"
	"github.com/voilet/QuicFlow/pkg/transport/client"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

// pair is a hub and a client, which sends on or handles.
type pair struct {
	n   *testnet.Network
	hub *server.Server
	c   *client.Client
}

// newPair connects a client to a hub, both of which have the dispatcher's handler.
func newPair(t *testing.T, handler dispatcher.HandlerFunc) *pair {
	p := &pair{n: testnet.Virtual(t)}
	patient := dispatcher.Config{Timeout: time.Hour}
	p.hub = p.n.Hub(testnet.HandleWith(patient, handler), nil)
	p.c = p.n.Client("a", testnet.HandleWith(patient, handler), func(c *client.ClientConfig) { c.ReconnectEnabled = true })
	p.n.Connect(p.c)
	return p
}

// send sends from the client to the hub, or the other way.
func (p *pair) send(t *testing.T, up bool, m *protocol.DataMessage, timeout time.Duration) *callback.Promise {
	t.Helper()
	promise, err := p.sendOr(t.Context(), up, m, timeout)
	if err != nil {
		t.Fatal(err)
	}
	return promise
}

func (p *pair) sendOr(ctx context.Context, up bool, m *protocol.DataMessage, timeout time.Duration) (*callback.Promise, error) {
	if up {
		return p.c.SendAsync(ctx, m, timeout)
	}
	return p.hub.SendAsync(ctx, "a", m, timeout)
}

// bothWays runs a test in virtual time for messages up and down.
func bothWays(t *testing.T, f func(t *testing.T, up bool)) {
	for name, up := range map[string]bool{"up": true, "down": false} {
		t.Run(name, func(t *testing.T) { synctest.Test(t, func(t *testing.T) { f(t, up) }) })
	}
}

// Whenever the connection is lost on the way of a message there and back, the message is
// handled once, and the sender gets the handler's answer.
func TestConnectionIsLostOnTheWay(t *testing.T) {
	for _, size := range []int{10, 300_000} {
		for _, when := range []string{"before it arrives", "while it is handled", "before the answer arrives"} {
			t.Run(fmt.Sprintf("%d bytes, %s", size, when), func(t *testing.T) {
				bothWays(t, func(t *testing.T, up bool) { loseOnTheWay(t, up, size, when) })
			})
		}
	}
}

func loseOnTheWay(t *testing.T, up bool, size int, when string) {
	var p *pair
	var handled atomic.Int32
	p = newPair(t, func(_ context.Context, m *protocol.DataMessage) (*protocol.DataMessage, error) {
		handled.Add(1)
		switch when {
		case "while it is handled":
			p.n.Cut("a")
			time.Sleep(50 * time.Second)
		case "before the answer arrives":
			p.n.Cut("a")
		}
		return &protocol.DataMessage{Payload: m.Payload}, nil
	})
	if when == "before it arrives" {
		p.n.Cut("a")
	}
	promise := p.send(t, up, testnet.Command(string(make([]byte, size))), 10*time.Minute)
	time.Sleep(40 * time.Second)
	p.n.Mend("a")
	ack, err := promise.Result()
	if err != nil || ack.Status != protocol.AckStatus_ACK_STATUS_SUCCESS || len(ack.Result) != size {
		t.Errorf("answered %v with %d bytes: %v", ack.GetStatus(), len(ack.GetResult()), err)
	}
	if n := handled.Load(); n != 1 {
		t.Errorf("handled %d times", n)
	}
	from, to := p.c.GetMetrics(), p.hub.GetMetrics()
	if !up {
		from, to = to, from
	}
	var repeated uint64
	if when != "before it arrives" {
		repeated = 1
	}
	if from.Resent != 1 || to.Repeated != repeated || p.hub.GetMetrics().Resumed != 1 {
		t.Errorf("sent again %d, received again %d, sessions resumed %d", from.Resent, to.Repeated, p.hub.GetMetrics().Resumed)
	}
}

// The client that comes back has to show that the session is its own. A second process
// with the same id cannot ask what the first one has not heard yet, and what was sent to
// the first is not sent to it.
func TestSessionIsOnesOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		hub := n.Hub(testnet.Echo(), nil)
		first := n.Client("a", testnet.Echo(), nil)
		n.Connect(first)
		n.Cut("a")
		promise, err := hub.SendAsync(t.Context(), "a", testnet.Command("x"), time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		info, _ := hub.Client("a")
		p := n.Dial("b")
		p.Read()
		hello := testnet.Hello("a")
		hello.GetHello().Resume = &protocol.Resume{SessionId: info.SessionID, Secret: make([]byte, 16)}
		p.Send(hello)
		welcome := p.Receive().GetWelcome()
		if welcome == nil || welcome.Resumed || welcome.SessionId == info.SessionID {
			t.Errorf("the welcome is %v", welcome)
		}
		if _, err := promise.Result(); err == nil {
			t.Error("what was sent to the first was acknowledged")
		}
	})
}
