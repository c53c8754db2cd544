package server_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quic-go/quic-go"

	"github.com/voilet/QuicFlow/internal/testnet"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/transport/client"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

// maxPending is how many connections may be without a hello.
const maxPending = 1000

// dialMany makes connections that say nothing, a few at a time.
func dialMany(t *testing.T, n *testnet.Network, count int) (conns []*quic.Conn) {
	t.Helper()
	pc := n.Listen("flood")
	transport := &quic.Transport{Conn: pc}
	t.Cleanup(func() {
		_ = transport.Close()
		_ = pc.Close()
	})
	addr, err := net.ResolveUDPAddr("udp", n.Addr())
	if err != nil {
		t.Fatal(err)
	}
	config := &quic.Config{KeepAlivePeriod: 5 * time.Second}
	conns = make([]*quic.Conn, count)
	const atOnce = 10
	for i := 0; i < count; i += atOnce {
		var wg sync.WaitGroup
		for k := i; k < min(i+atOnce, count); k++ {
			wg.Go(func() {
				conn, err := transport.Dial(context.Background(), addr,
					&tls.Config{InsecureSkipVerify: true, NextProtos: []string{"quic-backbone/1"}}, config)
				if err != nil {
					t.Errorf("connection %d: %v", k, err)
				}
				conns[k] = conn
			})
		}
		wg.Wait()
		if t.Failed() {
			t.FailNow()
		}
	}
	return conns
}

// Connections that say no hello cannot pile up: past the limit they are told to
// come back, as is whoever else comes; when some have ended there is room again.
func TestConnectionsWithoutHello(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		hub := n.Hub(testnet.Echo(), func(c *server.ServerConfig) { c.HandshakeTimeout = time.Hour })
		honest := n.Client("honest", testnet.Echo(), nil)
		n.Connect(honest)
		conns := dialMany(t, n, maxPending)
		if refused := hub.GetMetrics().Refused; len(refused) > 0 {
			t.Fatalf("refused below the limit: %v", refused)
		}
		late := n.Client("late", testnet.Echo(), func(c *client.ClientConfig) { c.ReconnectEnabled = true })
		n.Connect(late) // goes on in the background
		if err := late.Err(); !errors.Is(err, qerrors.ErrTooManyClients) {
			t.Errorf("one too many: %v", err)
		}
		if got := hub.GetMetrics().Refused[qerrors.TooManyClients]; got != 1 {
			t.Errorf("%d were counted as refused", got)
		}
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
