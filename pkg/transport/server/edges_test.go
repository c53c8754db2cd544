package server_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quic-go/quic-go"

	"github.com/voilet/QuicFlow/internal/testnet"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

// headers returns count headers that have so many bytes in all.
func headers(count, bytes int) map[string]string {
	all := make(map[string]string)
	for i := range count {
		key := fmt.Sprintf("%03d", i)
		all[key] = ""
		bytes -= len(key)
	}
	all["000"] = strings.Repeat("x", bytes)
	return all
}

// What a message may have beside its payload is taken up to its limits, and ends the
// connection past them, with a reason that names the limit.
func TestEdgesOfMessages(t *testing.T) {
	const maxPayload = 100_000
	id := func(n int) string { return strings.Repeat("i", n) }
	for name, test := range map[string]struct {
		at, past func(m *protocol.DataMessage)
		code     qerrors.Code
		reason   string
	}{
		"headers": {
			func(m *protocol.DataMessage) { m.Headers = headers(64, 1000) }, func(m *protocol.DataMessage) { m.Headers = headers(65, 1000) },
			qerrors.ProtocolViolation, "has more than 64 headers"},
		"bytes of headers": {
			func(m *protocol.DataMessage) { m.Headers = headers(2, 16<<10) }, func(m *protocol.DataMessage) { m.Headers = headers(2, 16<<10+1) },
			qerrors.ProtocolViolation, "the headers have 16385 bytes: use at most 16384"},
		"message id": {
			func(m *protocol.DataMessage) { m.MsgId = id(128) }, func(m *protocol.DataMessage) { m.MsgId = id(129) },
			qerrors.ProtocolViolation, "a message id of 129 bytes; 1 to 128 are allowed"},
		"receiver id": {
			func(m *protocol.DataMessage) { m.ReceiverId = id(128) }, func(m *protocol.DataMessage) { m.ReceiverId = id(129) },
			qerrors.ProtocolViolation, "have at most 128 bytes each"},
		"ordering key": {
			func(m *protocol.DataMessage) { m.OrderingKey = id(128) }, func(m *protocol.DataMessage) { m.OrderingKey = id(129) },
			qerrors.ProtocolViolation, "have at most 128 bytes each"},
		"payload": {
			func(m *protocol.DataMessage) { m.Payload = make([]byte, maxPayload) }, func(m *protocol.DataMessage) { m.Payload = make([]byte, maxPayload+1) },
			qerrors.PayloadTooLarge, "a payload of 100001 bytes; the limit is 100000"},
		"frame": {
			func(m *protocol.DataMessage) { m.Payload = make([]byte, maxPayload); m.Headers = headers(64, 16<<10) },
			func(m *protocol.DataMessage) { m.Payload = make([]byte, maxPayload+64<<10) },
			qerrors.FrameTooLarge, "is over the limit of 132768"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := testnet.Virtual(t)
				var handled testnet.Counter
				hub := n.Hub(handled.Dispatcher(), func(c *server.ServerConfig) { c.MaxPayload = maxPayload })
				p := n.Dial("a")
				p.Hello("a")
				send := func(change func(*protocol.DataMessage)) {
					frame := testnet.Data("1", nil)
					change(frame.GetData())
					go func() { _, _ = p.Open().Write(testnet.Encode(frame)) }()
				}
				send(test.at)
				time.Sleep(time.Second)
				if handled.Load() != 1 {
					t.Fatalf("at the limit: %d messages were handled, the connection has ended with %v", handled.Load(), context.Cause(p.Conn.Context()))
				}
				send(test.past)
				if code := p.Code(); code != test.code {
					t.Errorf("past the limit: closed with %v", code)
				}
				var e *quic.ApplicationError
				if errors.As(context.Cause(p.Conn.Context()), &e) && !strings.Contains(e.ErrorMessage, test.reason) {
					t.Errorf("past the limit: the reason is %q", e.ErrorMessage)
				}
				if got := hub.GetMetrics().Disconnected; got[test.code] != 1 || handled.Load() != 1 {
					t.Errorf("disconnected %v, %d messages were handled", got, handled.Load())
				}
			})
		})
	}
}

// A peer that opens streams without end gets as many as the hub allows, and others go on.
func TestFloodOfStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		n.Hub(testnet.Echo(), func(c *server.ServerConfig) { c.MaxIncomingStreams = 100 })
		honest := n.Client("honest", nil, nil)
		n.Connect(honest)
		p := n.Dial("hostile")
		p.Hello("hostile")
		before := heap()
		opened := 1 // of the hello
		for {
			s, err := p.TryOpen()
			if err != nil {
				var full *quic.StreamLimitReachedError
				if !errors.As(err, &full) {
					t.Fatal(err)
				}
				break
			}
			_, _ = s.Write([]byte{0xff})
			opened++
		}
		if opened != 100 {
			t.Errorf("there are %d streams", opened)
		}
		time.Sleep(time.Second)
		if after := heap(); after > before+4<<20 {
			t.Errorf("%d KiB are held", (after-before)>>10)
		}
		if took := sendAll(t, honest, 1, 10); took > time.Second {
			t.Errorf("another client waited for %v", took)
		}
	})
}

// Frames that mean nothing are read and forgotten.
func TestFloodOfFrames(t *testing.T) {
	for name, frame := range map[string]*protocol.Frame{
		"acknowledgements of nothing": testnet.Ack(1000),
		"pongs":                       {Kind: &protocol.Frame_Pong{Pong: &protocol.Pong{}}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := testnet.Virtual(t)
				hub := n.Hub(testnet.Echo(), nil)
				honest := n.Client("honest", nil, nil)
				n.Connect(honest)
				p := n.Dial("hostile")
				p.Hello("hostile")
				many := make([]*protocol.Frame, 10_000)
				for i := range many {
					many[i] = frame
				}
				batch := testnet.Encode(many...)
				before := heap()
				for range 20 {
					p.Write(batch)
				}
				if took := sendAll(t, honest, 1, 10); took > time.Second {
					t.Errorf("another client waited for %v", took)
				}
				time.Sleep(time.Second)
				if after := heap(); after > before+4<<20 {
					t.Errorf("%d KiB are held", (after-before)>>10)
				}
				if got := hub.GetMetrics().ConnectedClients; got != 2 {
					t.Errorf("%d clients are connected", got)
				}
			})
		})
	}
}
