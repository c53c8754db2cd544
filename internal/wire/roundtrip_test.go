package wire_test

import (
	"bytes"
	"slices"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/voilet/QuicFlow/internal/wire"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// TestRoundTrip: whatever frames are sent, in whatever pieces they arrive, the
// reader returns them, and what it returned before does not change.
func TestRoundTrip(t *testing.T) {
	frames := rapid.SliceOfN(rapid.Custom(drawFrame), 0, 8)
	rapid.Check(t, func(rt *rapid.T) {
		sent := frames.Draw(rt, "frames")
		var stream []byte
		for _, f := range sent {
			stream = encode(t, stream, f)
		}
		src := &source{
			data:  stream,
			step:  rapid.OneOf(rapid.IntRange(1, 8), rapid.IntRange(1, 2*wire.BufferSize)).Draw(rt, "step"),
			eager: rapid.Bool().Draw(rt, "eager"),
		}
		r := wire.NewReader(src, noLimit)
		got, err := readAll(r)
		if err != nil {
			rt.Fatal(err)
		}
		sameFrames(rt, got, sent)
		if r.HoldsBuffer() {
			rt.Fatal("the reader holds a buffer at the end of its stream")
		}
	})
}

func drawFrame(t *rapid.T) *protocol.Frame {
	text := rapid.StringN(0, 20, -1)
	number := rapid.Uint64()
	switch rapid.SampledFrom([]string{"data", "ack", "hello", "welcome", "ping", "go away", "handled", "empty"}).Draw(t, "kind") {
	case "data":
		return data(&protocol.DataMessage{
			MsgId: text.Draw(t, "id"), SenderId: text.Draw(t, "sender"), ReceiverId: text.Draw(t, "receiver"),
			Type:    protocol.MessageType(rapid.Int32Range(0, 4).Draw(t, "type")),
			Payload: drawBytes(t), WaitAck: rapid.Bool().Draw(t, "wait ack"),
			Timestamp: rapid.Int64().Draw(t, "timestamp"),
			Headers:   rapid.MapOfN(text, text, 0, 4).Draw(t, "headers"),
			Priority:  protocol.Priority(rapid.Int32().Draw(t, "priority")),
			TimeoutMs: rapid.Uint32().Draw(t, "timeout"), OrderingKey: text.Draw(t, "key"),
			Idempotent: rapid.Bool().Draw(t, "idempotent"), Resent: rapid.Bool().Draw(t, "resent"), AcksSeen: number.Draw(t, "acks seen"), Number: number.Draw(t, "number"),
		})
	case "ack":
		return ack(&protocol.AckMessage{
			MsgId: text.Draw(t, "id"), Status: protocol.AckStatus(rapid.Int32Range(0, 3).Draw(t, "status")),
			Code: rapid.Uint32().Draw(t, "code"), Result: drawBytes(t), Error: text.Draw(t, "error"),
		})
	case "hello":
		return &protocol.Frame{Kind: &protocol.Frame_Hello{Hello: &protocol.Hello{ClientId: text.Draw(t, "id"), MaxPayloadBytes: number.Draw(t, "max")}}}
	case "welcome":
		return &protocol.Frame{Kind: &protocol.Frame_Welcome{Welcome: &protocol.Welcome{SessionId: text.Draw(t, "id"), HeartbeatTimeoutMs: number.Draw(t, "ms")}}}
	case "ping":
		return &protocol.Frame{Kind: &protocol.Frame_Ping{Ping: &protocol.Ping{Sequence: number.Draw(t, "sequence")}}}
	case "go away":
		return &protocol.Frame{Kind: &protocol.Frame_GoAway{GoAway: &protocol.GoAway{Reason: text.Draw(t, "reason"), DataSent: number.Draw(t, "sent")}}}
	case "handled":
		return &protocol.Frame{Kind: &protocol.Frame_Handled{Handled: &protocol.Handled{AcksSent: number.Draw(t, "acks")}}}
	default:
		return &protocol.Frame{}
	}
}

// drawBytes is usually short and sometimes about as long as the reader's buffer,
// or longer.
func drawBytes(t *rapid.T) []byte {
	length := rapid.OneOf(rapid.IntRange(0, 40), rapid.IntRange(0, 40),
		rapid.IntRange(wire.BufferSize-60, wire.BufferSize+60), rapid.IntRange(0, 3*wire.BufferSize)).Draw(t, "length")
	return bytes.Repeat([]byte{rapid.Byte().Draw(t, "byte")}, length)
}

// TestEncoding: the declared size is that of the body, and the kinds that are
// encoded by hand are encoded as the standard runtime encodes a Frame around them.
func TestEncoding(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		f := drawFrame(rt)
		want, err := proto.Marshal(f)
		if err != nil {
			rt.Fatal(err)
		}
		stream, ok := bytes.CutPrefix(encode(t, []byte("before"), f), []byte("before"))
		if !ok {
			rt.Fatal("what was in the buffer has changed")
		}
		size, n := protowire.ConsumeVarint(stream)
		body := stream[max(n, 0):]
		if n < 0 || int(size) != len(body) {
			rt.Fatalf("a body of %d bytes is said to have %d", len(body), size)
		}
		if len(f.GetData().GetHeaders()) > 1 { // they come in any order
			slices.Sort(body)
			slices.Sort(want)
		}
		if !bytes.Equal(body, want) {
			rt.Fatalf("the body is\n%.200x, and as the standard runtime encodes it\n%.200x", body, want)
		}
	})
}
