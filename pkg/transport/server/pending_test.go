package server_test

import (
	"context"
	"crypto/tls"
	"errors"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quic-go/quic-go"

	"github.com/voilet/QuicFlow/internal/testnet"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/monitoring"
	"github.com/voilet/QuicFlow/pkg/transport/client"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

// crowd makes many connections from one address.
type crowd struct {
	t         *testing.T
	transport *quic.Transport
	hub       net.Addr
}

func newCrowd(t *testing.T, n *testnet.Network, name string) *crowd {
	t.Helper()
	pc := n.Listen(name)
	c := &crowd{t: t, transport: &quic.Transport{Conn: pc}}
	t.Cleanup(func() {
		_ = c.transport.Close()
		_ = pc.Close()
	})
	addr, err := net.ResolveUDPAddr("udp", n.Addr())
	if err != nil {
		t.Fatal(err)
	}
	c.hub = addr
	return c
}

func (c *crowd) dial() (*quic.Conn, error) {
	return c.transport.Dial(context.Background(), c.hub,
		&tls.Config{InsecureSkipVerify: true, NextProtos: []string{"quic-backbone/1"}}, &quic.Config{KeepAlivePeriod: 5 * time.Second})
}

// dialMany makes connections that say nothing, a few at a time.
func (c *crowd) dialMany(count int) (conns []*quic.Conn) {
	c.t.Helper()
	conns = make([]*quic.Conn, count)
	const atOnce = 10
	for i := 0; i < count; i += atOnce {
		var wg sync.WaitGroup
		for k := i; k < min(i+atOnce, count); k++ {
			wg.Go(func() {
				conn, err := c.dial()
				if err != nil {
					c.t.Errorf("connection %d: %v", k, err)
				}
				conns[k] = conn
			})
		}
		wg.Wait()
		if c.t.Failed() {
			c.t.FailNow()
		}
	}
	return conns
}

// refused checks that the hub takes no connection of this address, and says so at once.
func (c *crowd) refused() {
	c.t.Helper()
	var e *quic.TransportError
	if _, err := c.dial(); !errors.As(err, &e) || e.ErrorCode != quic.ConnectionRefused || !e.Remote {
		c.t.Errorf("a connection ended with %v", err)
	}
}

// 1,000 connections that say no hello take up the room for such: past that limit whoever
// else comes is told to come back; when some have ended there is room again.
func TestConnectionsWithoutHello(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		hub := n.Hub(testnet.Echo(), func(c *server.ServerConfig) { c.HandshakeTimeout = time.Hour })
		honest := n.Client("honest", testnet.Echo(), nil)
		n.Connect(honest)
		conns := slices.Concat(newCrowd(t, n, "flood").dialMany(500), newCrowd(t, n, "another flood").dialMany(500))
		m := hub.GetMetrics()
		if len(m.Refused)+len(m.Limited) > 0 {
			t.Fatalf("below the limit: refused %v by %v", m.Refused, m.Limited)
		}
		if want := uint64(1000 - 100); m.AddressValidations < want { // since the hundredth
			t.Errorf("%d addresses were validated, want %d", m.AddressValidations, want)
		}
		late := n.Client("late", testnet.Echo(), func(c *client.ClientConfig) { c.ReconnectEnabled = true })
		n.Connect(late) // goes on in the background
		if err := late.Err(); !errors.Is(err, qerrors.ErrUnreachable) || !strings.Contains(err.Error(), "takes no connections at the moment") {
			t.Errorf("one too many: %v", err)
		}
		stopped(t, hub, monitoring.LimitPending)
		if _, err := honest.SendMessage(t.Context(), testnet.Command("x"), true, 0); err != nil {
			t.Errorf("a client that was there before: %v", err)
		}
		for _, conn := range conns[:10] {
			_ = conn.CloseWithError(0, "")
		}
		if _, err := late.SendMessage(t.Context(), testnet.Command("x"), true, 3*time.Minute); err != nil {
			t.Errorf("when there is room: %v", err)
		}
		for _, conn := range conns {
			_ = conn.CloseWithError(0, "")
		}
	})
}

// stopped checks that this is the limit that has stopped whoever was refused.
func stopped(t *testing.T, hub *server.Server, limit monitoring.Limit) {
	t.Helper()
	m := hub.GetMetrics()
	if n := m.Limited[limit]; n == 0 || len(m.Limited) != 1 || m.Refused[qerrors.TooManyClients] != n {
		t.Errorf("not %v: the limits have stopped %v, refused were %v", limit, m.Limited, m.Refused)
	}
}

type counts = map[monitoring.Limit]uint64

// limited checks what the limits of a hub have stopped so far.
func limited(t *testing.T, hub *server.Server, want counts) {
	t.Helper()
	if got := hub.GetMetrics().Limited; !maps.Equal(got, want) {
		t.Errorf("the limits have stopped %v, want %v", got, want)
	}
}
