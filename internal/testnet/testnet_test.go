package testnet_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/voilet/QuicFlow/internal/leaktest"
	"github.com/voilet/QuicFlow/internal/testnet"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

func TestVirtual(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		n.Hub(testnet.Echo(), nil)
		c := n.Client("a", testnet.Echo(), nil)
		n.Connect(c)
		begun := time.Now()
		ack, err := c.SendMessage(t.Context(), testnet.Command("x"), true, 0)
		if err != nil || string(ack.GetResult()) != "x" {
			t.Fatalf("got %v, %v", ack, err)
		}
		if rtt := time.Since(begun); rtt < 10*time.Millisecond || rtt > 12*time.Millisecond {
			t.Errorf("the round trip took %v of virtual time, want 10 ms and little more", rtt)
		}
		n.Cut("a")
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := c.SendMessage(ctx, testnet.Command("x"), true, 0); qerrors.CodeOf(err) != qerrors.Timeout {
			t.Errorf("on a network that was cut: %v, want a timeout", err)
		}
		n.Mend("a")
		if _, err := c.SendMessage(t.Context(), testnet.Command("x"), true, 0); err != nil {
			t.Errorf("on a network that was mended: %v", err)
		}
	})
}

func TestLoopback(t *testing.T) {
	n := testnet.Loopback(t)
	n.Hub(testnet.Echo(), nil)
	p := n.Dial("raw")
	p.Hello("raw")
	p.Send(testnet.Data("1", []byte("x")))
	if ack := p.Receive().GetAck(); string(ack.GetResult()) != "x" {
		t.Errorf("got %v, want an acknowledgement with the payload", ack)
	}
}
