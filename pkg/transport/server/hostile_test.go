package server_test

import (
	"bytes"
	"maps"
	"strings"
	"testing"
	"testing/synctest"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/voilet/QuicFlow/internal/testnet"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

func welcome() *protocol.Frame {
	return &protocol.Frame{Kind: &protocol.Frame_Welcome{Welcome: &protocol.Welcome{}}}
}

func handledFrame() *protocol.Frame {
	return &protocol.Frame{Kind: &protocol.Frame_Handled{Handled: &protocol.Handled{}}}
}

// attack is what a peer does before it says hello, or instead of it.
type attack struct {
	name string
	do   func(p *testnet.Peer)
	code qerrors.Code
}

func beforeHello() []attack {
	const violation = qerrors.ProtocolViolation
	return []attack{
		{"no varint", func(p *testnet.Peer) { p.Write(bytes.Repeat([]byte{0xff}, 64)) }, violation},
		{"no protobuf", func(p *testnet.Peer) { p.Write([]byte{4, 0x0a, 0xff, 0xff, 0xff}) }, violation},
		{"no frame kind", func(p *testnet.Peer) { p.Write([]byte{0}) }, violation},
		{"frame over the limit", func(p *testnet.Peer) { p.Write(protowire.AppendVarint(nil, 1<<30)) }, qerrors.FrameTooLarge},
		{"hello over the limit", func(p *testnet.Peer) { p.Send(testnet.Hello(strings.Repeat("x", 20000))) }, qerrors.FrameTooLarge},
		{"data", func(p *testnet.Peer) { p.Send(testnet.Data("1", nil), testnet.Hello("x")) }, violation},
		{"welcome", func(p *testnet.Peer) { p.Send(welcome()) }, violation},
		{"nothing", func(*testnet.Peer) {}, qerrors.HelloTimeout},
		{"half a hello", func(p *testnet.Peer) { p.Write(testnet.Encode(testnet.Hello("x"))[:2]) }, qerrors.HelloTimeout},
		{"end of the stream", func(p *testnet.Peer) { _ = p.Main().Close() }, violation},
		{"end within a hello", func(p *testnet.Peer) { p.Write([]byte{9}); _ = p.Main().Close() }, violation},
		{"reset", func(p *testnet.Peer) { p.Write([]byte{9}); p.Main().CancelWrite(7) }, violation},
		{"empty id", func(p *testnet.Peer) { p.Send(testnet.Hello("")) }, qerrors.InvalidClientID},
		{"long id", func(p *testnet.Peer) { p.Send(testnet.Hello(strings.Repeat("x", 129))) }, qerrors.InvalidClientID},
		{"unprintable id", func(p *testnet.Peer) { p.Send(testnet.Hello("a\nb")) }, qerrors.InvalidClientID},
		{"invisible id", func(p *testnet.Peer) { p.Send(testnet.Hello("a\u202eb")) }, qerrors.InvalidClientID},
		{"id that is not UTF-8", func(p *testnet.Peer) { p.Write([]byte{5, 0x0a, 3, 0x0a, 1, 0xff}) }, violation},
	}
}

func afterHello() []attack {
	const violation = qerrors.ProtocolViolation
	send := func(frames ...*protocol.Frame) func(p *testnet.Peer) {
		return func(p *testnet.Peer) { p.Send(frames...) }
	}
	return []attack{
		{"second hello", send(testnet.Hello("x")), violation},
		{"welcome", send(welcome()), violation},
		{"no varint", func(p *testnet.Peer) { p.Write(bytes.Repeat([]byte{0xff}, 64)) }, violation},
		{"no protobuf", func(p *testnet.Peer) { p.Write([]byte{4, 0x42, 0xff, 0xff, 0xff}) }, violation},
		{"frame over the limit", func(p *testnet.Peer) { p.Write(protowire.AppendVarint(nil, 1<<20+32<<10+1)) }, qerrors.FrameTooLarge},
		{"frame over the limit behind another", func(p *testnet.Peer) { p.Write(protowire.AppendVarint(testnet.Encode(testnet.Ping()), 1<<30)) }, qerrors.FrameTooLarge},
		{"large data that begins as an acknowledgement", func(p *testnet.Peer) { p.Write(disguised()) }, violation},
		{"payload over the limit", send(testnet.Data("1", make([]byte, 1<<20+1))), qerrors.PayloadTooLarge},
		{"lane reset", func(p *testnet.Peer) { s := p.Open(); _, _ = s.Write([]byte{1}); s.CancelWrite(7) }, violation},
		{"first lane reset", func(p *testnet.Peer) { p.Main().CancelWrite(7) }, violation},
		{"end within a frame", func(p *testnet.Peer) { s := p.Open(); _, _ = s.Write([]byte{9, 1}); _ = s.Close() }, violation},
		{"empty message id", send(testnet.Data("", nil)), violation},
		{"long message id", send(testnet.Data(strings.Repeat("x", 129), nil)), violation},
		{"Taken without cause", send(testnet.Taken()), violation},
		{"GoAway twice", send(testnet.GoAway(9), testnet.GoAway(9)), violation},
		{"Handled twice", send(handledFrame(), handledFrame()), violation},
		{"orderly end without being asked", send(testnet.GoAway(0), handledFrame(), &protocol.Frame{Kind: &protocol.Frame_Complete{Complete: &protocol.Complete{}}}), qerrors.OK},
		{"close with a code of its own", func(p *testnet.Peer) { _ = p.Conn.CloseWithError(0x1234, "bye") }, qerrors.Internal},
	}
}

// disguised is a large data frame whose first byte is that of an acknowledgement: those are
// counted elsewhere.
func disguised() []byte {
	framed := testnet.Encode(testnet.Data("1", make([]byte, 70<<10)))
	_, n := protowire.ConsumeVarint(framed)
	ack := protowire.AppendBytes(protowire.AppendTag(nil, 9, protowire.BytesType), nil)
	return append(protowire.AppendVarint(nil, uint64(len(ack)+len(framed)-n)), append(ack, framed[n:]...)...)
}

// TestHostilePeers has each of them cost one closed connection with a code and
// one count, and an honest client nothing.
func TestHostilePeers(t *testing.T) {
	for _, a := range beforeHello() {
		t.Run("before hello/"+a.name, func(t *testing.T) {
			attackHub(t, a, false, func(hub *server.Server) map[qerrors.Code]uint64 { return hub.GetMetrics().Refused })
		})
	}
	disconnected := func(hub *server.Server) map[qerrors.Code]uint64 { return hub.GetMetrics().Disconnected }
	for _, a := range afterHello() {
		t.Run("after hello/"+a.name, func(t *testing.T) { attackHub(t, a, true, disconnected) })
	}
	t.Run("with hello/frame over the limit", func(t *testing.T) {
		attackHub(t, attack{do: func(p *testnet.Peer) {
			p.Write(protowire.AppendVarint(testnet.Encode(testnet.Hello("hostile")), 1<<30))
		}, code: qerrors.FrameTooLarge}, false, disconnected)
	})
}

func attackHub(t *testing.T, a attack, hello bool, counts func(*server.Server) map[qerrors.Code]uint64) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		hub := n.Hub(testnet.Echo(), nil)
		honest := n.Client("honest", testnet.Echo(), nil)
		n.Connect(honest)
		p := n.Dial("hostile")
		if hello {
			p.Hello("hostile")
		}
		go a.do(p)
		if code := p.Code(); code != a.code && a.code != qerrors.Internal {
			t.Errorf("closed with %v, want %v", code, a.code)
		}
		if _, err := honest.SendMessage(t.Context(), testnet.Command("x"), true, 0); err != nil {
			t.Errorf("an honest client: %v", err)
		}
		if got, want := counts(hub), map[qerrors.Code]uint64{a.code: 1}; !maps.Equal(got, want) {
			t.Errorf("counted %v, want %v", got, want)
		}
		if got := hub.GetMetrics(); len(got.Refused)+len(got.Disconnected) != 1 {
			t.Errorf("counted refused %v and disconnected %v", got.Refused, got.Disconnected)
		}
	})
}

func TestWrongProtocol(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		hub := n.Hub(testnet.Echo(), nil)
		if _, err := n.TryDial("hostile", "h3"); err == nil || !strings.Contains(err.Error(), "no application protocol") {
			t.Errorf("the handshake ended with %v", err)
		}
		n.Connect(n.Client("honest", testnet.Echo(), nil))
		if got := hub.GetMetrics(); len(got.Refused)+len(got.Disconnected) != 0 {
			t.Errorf("counted %+v", got)
		}
	})
}
