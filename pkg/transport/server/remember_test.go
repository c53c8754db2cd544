package server_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/voilet/QuicFlow/internal/testnet"
	"github.com/voilet/QuicFlow/pkg/protocol"
	"github.com/voilet/QuicFlow/pkg/transport/client"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

// bounded fails if the heap has grown by more than limit since before.
func bounded(t *testing.T, before uint64, limit int64) {
	t.Helper()
	if grown := int64(heap() - before); grown > limit {
		t.Errorf("the hub holds %d KiB more", grown>>10)
	}
}

// numbered is a message that the hub remembers.
func numbered(number int, id string) *protocol.Frame {
	f := testnet.Data(id, nil)
	f.GetData().Number = uint64(number)
	return f
}

// A client that does not say which answers it has costs the hub no more than is remembered
// of a session, also if the answers are errors with much text.
func TestMemoryIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		n.Hub(testnet.Handle(func(context.Context, *protocol.DataMessage) (*protocol.DataMessage, error) {
			return nil, fmt.Errorf("cannot parse %s", strings.Repeat("e", 4000))
		}), nil)
		time.Sleep(time.Second)
		before := heap()
		var resume *protocol.Resume
		for round := range 3 {
			p := n.Dial(fmt.Sprint("p", round))
			p.Read()
			hello := testnet.Hello("hostile")
			hello.GetHello().Resume = resume
			p.Send(hello)
			w := p.Receive().GetWelcome()
			resume = &protocol.Resume{SessionId: w.SessionId, Secret: w.Secret}
			go func() {
				for p.Receive() != nil {
				}
			}()
			for i := range 16_000 {
				number := round*16_000 + i + 1
				p.Send(numbered(number, fmt.Sprint(number)))
			}
			time.Sleep(30 * time.Second)
			_ = p.Conn.CloseWithError(0x1234, "")
			time.Sleep(time.Second)
		}
		bounded(t, before, 72<<20) // 32 MiB while there is a connection, and as much afterwards
	})
}

// Nor does one that makes the hub forget, and then sends again what it cannot know any more
// without reading what it is told.
func TestFloodOfResent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		n.Hub(testnet.Handle(func(context.Context, *protocol.DataMessage) (*protocol.DataMessage, error) {
			return &protocol.DataMessage{Payload: make([]byte, 60_000)}, nil
		}), func(c *server.ServerConfig) { c.MaxQueueBytes = 64 << 10 })
		p := n.Dial("hostile")
		p.Read()
		p.Send(testnet.Hello("hostile"))
		w := p.Receive().GetWelcome()
		const many = 1000 // results of 60 MB
		go func(p *testnet.Peer) {
			for range many {
				p.Receive()
			}
		}(p)
		for i := range many {
			p.Send(numbered(i+1, fmt.Sprint(i)))
		}
		time.Sleep(10 * time.Second)
		_ = p.Conn.CloseWithError(0x1234, "back soon")
		time.Sleep(time.Second)

		p = n.Dial("hostile2")
		hello := testnet.Hello("hostile")
		hello.GetHello().Resume = &protocol.Resume{SessionId: w.SessionId, Secret: w.Secret}
		p.Send(hello)
		time.Sleep(time.Second)
		before := heap()
		frames := make([]*protocol.Frame, 10_000)
		for i := range frames {
			frames[i] = numbered(1, strings.Repeat("i", 120))
			frames[i].GetData().Resent = true
		}
		flood(p, testnet.Encode(frames...), 20)
		bounded(t, before, 16<<20)
		_ = p.Conn.CloseWithError(0x1234, "bye")
	})
}

// Nor one that sends large acknowledgements of messages that there were not.
func TestFloodOfLargeAcks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		n.Hub(testnet.Echo(), func(c *server.ServerConfig) { c.MaxQueueBytes = 64 << 10 })
		p := n.Dial("hostile")
		p.Send(testnet.Hello("hostile"))
		time.Sleep(time.Second)
		before := heap()
		ack := testnet.Ack(1000)
		ack.GetAck().Result = make([]byte, 1<<20)
		flood(p, testnet.Encode(ack), 200)
		bounded(t, before, 64<<20)
		_ = p.Conn.CloseWithError(0x1234, "bye")
	})
}

// flood writes the same again and again, until the hub does not read on.
func flood(p *testnet.Peer, frames []byte, times int) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range times {
			if _, err := p.Main().Write(frames); err != nil {
				return
			}
		}
	}()
	select {
	case <-done:
	case <-time.After(5 * time.Second):
	}
	time.Sleep(time.Second)
}

// Clients that come and go do not take the place of one that has something to lose.
func TestSessionsInACrowd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		n.Hub(testnet.Echo(), func(c *server.ServerConfig) { c.MaxClients = 10 })
		honest := n.Client("honest", testnet.Echo(), func(c *client.ClientConfig) { c.ReconnectEnabled = true })
		n.Connect(honest)
		if _, err := honest.SendMessage(t.Context(), testnet.Command("x"), true, time.Minute); err != nil {
			t.Fatal(err)
		}
		come := func(id string) {
			p := n.Dial(id)
			p.Hello(id)
			_ = p.Conn.CloseWithError(0x1234, "bye")
			time.Sleep(100 * time.Millisecond)
		}
		for i := range 10 {
			come(fmt.Sprint("before ", i))
		}
		n.Cut("honest")
		promise, err := honest.SendAsync(t.Context(), testnet.Command("x"), 10*time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(40 * time.Second) // the hub has an answer that the client may not have
		for i := range 10 {
			come(fmt.Sprint("after ", i))
		}
		n.Mend("honest")
		if _, err := promise.Result(); err != nil {
			t.Error(err)
		}
	})
}

// What an honest client leaves behind at each reconnect does not pile up.
func TestNothingIsLeftBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		n.Hub(testnet.Echo(), nil)
		c := n.Client("a", nil, func(c *client.ClientConfig) { c.ReconnectEnabled = true })
		n.Connect(c)
		time.Sleep(time.Minute)
		before := heap()
		for range 40 {
			for range 30 {
				if _, err := c.SendMessage(t.Context(), testnet.Command(string(make([]byte, 60_000))), true, time.Minute); err != nil {
					t.Fatal(err)
				}
			}
			n.Cut("a")
			time.Sleep(40 * time.Second)
			n.Mend("a")
			time.Sleep(time.Hour)
		}
		bounded(t, before, 3<<20)
	})
}

// What the process before has called off does not call off messages of the next, whose
// numbers begin anew.
func TestCallingOffEndsWithTheSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		n.Hub(testnet.Echo(), nil)
		p := n.Dial("before")
		p.Hello("a")
		p.Send(&protocol.Frame{Kind: &protocol.Frame_Cancel{Cancel: &protocol.Cancel{Number: 1}}})
		time.Sleep(time.Second)
		_ = p.Conn.CloseWithError(0x1234, "crashed")
		c := n.Client("a", nil, nil)
		n.Connect(c)
		ack, err := c.SendMessage(t.Context(), testnet.Command("x"), true, time.Minute)
		if err != nil || ack.Status != protocol.AckStatus_ACK_STATUS_SUCCESS {
			t.Errorf("the first message of the next process: %v, %v", ack, err)
		}
	})
}
