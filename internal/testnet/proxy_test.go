package testnet_test

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"runtime"
	"testing"
	"time"

	"github.com/voilet/QuicFlow/internal/testnet"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/transport/client"
)

func packet(number, size int) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(number)), make([]byte, size-4)...)
}

// A client keeps its connection through another port and another address of the hub, and
// knows nothing of a blackhole that ends soon.
func TestProxy(t *testing.T) {
	t.Parallel()
	n := testnet.Loopback(t)
	pc, err := net.ListenPacket("udp", ":0") // on all of 127.0.0.0/8
	if err != nil {
		t.Fatal(err)
	}
	hub := n.HubOn(pc, testnet.Echo(), nil)
	port := pc.LocalAddr().(*net.UDPAddr).AddrPort().Port()
	at := func(host string) string { return (&net.UDPAddr{IP: net.ParseIP(host), Port: int(port)}).String() }
	p := testnet.NewProxy(t, at("127.0.0.1"))
	var events testnet.Events
	c := n.Client("a", testnet.Echo(), func(c *client.ClientConfig) { c.Hooks = events.Connections() })
	if err := c.Connect(p.Addr()); err != nil {
		t.Fatal(err)
	}
	exchange := func() {
		t.Helper()
		if _, err := c.SendMessage(t.Context(), testnet.Command("x"), true, 10*time.Second); err != nil {
			t.Errorf("up: %v", err)
		}
		if _, err := hub.SendMessage(t.Context(), "a", testnet.Command("x"), true, 10*time.Second); err != nil {
			t.Errorf("down: %v", err)
		}
	}
	exchange()
	before, _ := hub.Client("a")
	p.Rebind()
	exchange()
	if after, _ := hub.Client("a"); after.RemoteAddr == before.RemoteAddr || after.SessionID != before.SessionID {
		t.Errorf("behind a NAT that has forgotten it, the client was %v and is %v", before, after)
	}
	if runtime.GOOS == "linux" { // elsewhere there is only 127.0.0.1
		p.Redirect(at("127.0.0.2"))
		exchange()
	}
	p.Blackhole(true)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := c.SendMessage(ctx, testnet.Command("x"), true, 0); !errors.Is(err, qerrors.ErrOutcomeUnknown) {
		t.Errorf("into a blackhole: %v", err)
	}
	p.Blackhole(false)
	exchange()
	if all := events.All(); len(all) != 1 {
		t.Errorf("events at the client: %q", all)
	}
}
