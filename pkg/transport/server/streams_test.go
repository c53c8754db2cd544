package server_test

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/voilet/QuicFlow/internal/testnet"
	"github.com/voilet/QuicFlow/pkg/protocol"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

// A stream is read when the peer has said that it is there, or cannot say so any more.
func TestStreamsAreAnnounced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		n.Hub(testnet.Echo(), nil)
		p := n.Dial("a")
		p.Hello("a")
		send := func(id string) {
			s, err := p.Conn.OpenUniStream()
			if err != nil {
				t.Fatal(err)
			}
			_, _ = s.Write(testnet.Encode(testnet.Data(id, nil)))
			time.Sleep(time.Second)
		}
		send("1")
		p.Send(testnet.Data("2", nil))
		if ack := p.Receive().GetAck(); ack.GetMsgId() != "2" {
			t.Errorf("got %v, want the acknowledgement of 2: nobody has said that there is another stream", ack)
		}
		p.Send(testnet.Opened())
		if ack := p.Receive().GetAck(); ack.GetMsgId() != "1" {
			t.Errorf("got %v, want the acknowledgement of 1", ack)
		}
		_ = p.Main().Close()
		for _, id := range []string{"3", "4"} {
			send(id)
			if ack := p.Receive().GetAck(); ack.GetMsgId() != id {
				t.Errorf("got %v, want the acknowledgement of %s", ack, id)
			}
		}
	})
}

// A peer that announces streams and opens none costs no more than one that announces one, and
// what it does open is read all the same, also what is announced on another stream than the first.
func TestStreamsAnnouncedInVain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		n.Hub(testnet.Echo(), nil)
		p := n.Dial("a")
		p.Hello("a")
		other := p.Open()
		flood := make([]*protocol.Frame, 1000)
		for i := range flood {
			flood[i] = testnet.Opened()
		}
		before := runtime.NumGoroutine()
		for range 10 {
			p.Send(flood...)
			if _, err := other.Write(testnet.Encode(flood...)); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
		}
		if more := runtime.NumGoroutine() - before; more > 10 {
			t.Errorf("%d goroutines more", more)
		}
		for i := range 50 { // more than are read at once
			s, err := p.Conn.OpenUniStreamSync(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			id := fmt.Sprint(i)
			_, _ = s.Write(testnet.Encode(testnet.Data(id, nil)))
			_ = s.Close()
			if ack := p.Receive().GetAck(); ack.GetMsgId() != id {
				t.Fatalf("got %v, want the acknowledgement of %s", ack, id)
			}
		}
	})
}

// A stream whose end comes later than all that was on it is over then, and another one may be
// opened in its place.
func TestStreamsThatEndLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const limit = 16
		n := testnet.Virtual(t)
		n.Hub(testnet.Echo(), func(c *server.ServerConfig) { c.MaxIncomingStreams = limit })
		p := n.Dial("a")
		p.Hello("a")
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		for i := range 5 * limit {
			s, err := p.Conn.OpenUniStreamSync(ctx)
			if err != nil {
				t.Fatalf("stream %d: %v", i, err)
			}
			p.Send(testnet.Opened())
			id := fmt.Sprint(i)
			if _, err := s.Write(testnet.Encode(testnet.Data(id, nil))); err != nil {
				t.Fatal(err)
			}
			if ack := p.Receive().GetAck(); ack.GetMsgId() != id {
				t.Fatalf("got %v, want the acknowledgement of %s", ack, id)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
	})
}
