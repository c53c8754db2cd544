package wire_test

import (
	"bytes"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/voilet/QuicFlow/internal/wire"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// TestInvalidText: what cannot be encoded leaves the buffer as it was, whether it
// had room or not.
func TestInvalidText(t *testing.T) {
	const bad = "bad \xff"
	for name, f := range map[string]*protocol.Frame{
		"msg_id":       data(&protocol.DataMessage{MsgId: bad, Payload: make([]byte, 100)}),
		"sender_id":    data(&protocol.DataMessage{SenderId: bad}),
		"receiver_id":  data(&protocol.DataMessage{ReceiverId: bad}),
		"ordering_key": data(&protocol.DataMessage{OrderingKey: bad}),
		"header key":   data(&protocol.DataMessage{Headers: map[string]string{bad: ""}}),
		"header value": data(&protocol.DataMessage{Headers: map[string]string{"a": bad}}),
		"ack msg_id":   ack(&protocol.AckMessage{MsgId: bad}),
		"ack error":    ack(&protocol.AckMessage{Error: bad}),
		"client_id":    {Kind: &protocol.Frame_Hello{Hello: &protocol.Hello{Software: "fine", ClientId: bad}}},
	} {
		for _, room := range []int{0, 1024} {
			before := append(make([]byte, 0, 6+room), "before"...)
			var after []byte
			var err error
			switch kind := f.Kind.(type) {
			case *protocol.Frame_Data:
				after, err = wire.AppendData(before, kind.Data, wire.DataSize(kind.Data))
			case *protocol.Frame_Ack:
				after, err = wire.AppendAck(before, kind.Ack, wire.AckSize(kind.Ack))
			default:
				after, err = wire.AppendFrame(before, f)
			}
			if qerrors.CodeOf(err) != qerrors.InvalidArgument {
				t.Errorf("%s: %v, want %v", name, err, qerrors.InvalidArgument)
			}
			if string(after) != "before" {
				t.Errorf("%s: the buffer is %q", name, after)
			}
		}
	}
}

// TestOwnMemory: what was read stays as it is when the buffer is used again.
func TestOwnMemory(t *testing.T) {
	sent := func(fill string) *protocol.Frame {
		return data(&protocol.DataMessage{
			MsgId: fill, SenderId: fill, Payload: []byte(fill), Headers: map[string]string{fill: fill},
		})
	}
	stream := encode(t, encode(t, nil, sent("aaaa")), sent("bbbb"))
	r := wire.NewReader(&source{data: stream, step: len(stream) / 2}, noLimit)
	first, err := next(r)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := next(r); err != nil {
		t.Fatal(err)
	}
	sameFrames(t, []*protocol.Frame{first}, []*protocol.Frame{sent("aaaa")})
}

// TestUnknown: what a newer peer adds is passed over. The first three are read by
// hand, the others by the standard runtime.
func TestUnknown(t *testing.T) {
	newer := protowire.AppendTag(nil, 500, protowire.BytesType)
	newer = protowire.AppendString(newer, "of a newer peer")
	newer = protowire.AppendFixed32(protowire.AppendTag(newer, 501, protowire.Fixed32Type), 1)
	newer = protowire.AppendVarint(protowire.AppendTag(newer, 502, protowire.VarintType), 1)
	wrap := func(kind protowire.Number, known proto.Message, after []byte) []byte {
		encoded, err := proto.Marshal(known)
		if err != nil {
			t.Fatal(err)
		}
		b := protowire.AppendTag(nil, kind, protowire.BytesType)
		b = protowire.AppendBytes(b, bytes.Join([][]byte{newer, encoded, newer}, nil))
		return append(b, after...)
	}
	message := &protocol.DataMessage{MsgId: "1", Payload: []byte("p")}
	answer := &protocol.AckMessage{MsgId: "1", Code: 3}
	ping := &protocol.Ping{Sequence: 3}
	another := protowire.AppendTag(nil, 5, protowire.VarintType) // payload has another type
	another = protowire.AppendVarint(another, 9)
	for name, test := range map[string]struct {
		body []byte
		want *protocol.Frame
	}{
		"field of data":         {wrap(8, message, nil), data(message)},
		"field of an ack":       {wrap(9, answer, nil), ack(answer)},
		"type of a field":       {protowire.AppendBytes(protowire.AppendTag(nil, 8, protowire.BytesType), another), data(&protocol.DataMessage{})},
		"field of ping":         {wrap(3, ping, nil), &protocol.Frame{Kind: &protocol.Frame_Ping{Ping: ping}}},
		"field beside data":     {wrap(8, message, newer), data(message)},
		"kind of frame":         {newer, &protocol.Frame{}},
		"the last kind counts":  {wrap(8, message, wrap(9, answer, nil)), ack(answer)},
		"two of a kind combine": {wrap(9, &protocol.AckMessage{Code: 3}, wrap(9, &protocol.AckMessage{MsgId: "1"}, nil)), ack(answer)},
	} {
		stream := append(protowire.AppendVarint(nil, uint64(len(test.body))), test.body...)
		got, err := readAll(wire.NewReader(&source{data: stream}, noLimit))
		if err != nil || len(got) != 1 {
			t.Fatalf("%s: read %d frames, then %v", name, len(got), err)
		}
		if !proto.Equal(known(got[0]), test.want) {
			t.Errorf("%s: read %v, want %v", name, got[0], test.want)
		}
	}
}

// known returns f without what this version does not know.
func known(f *protocol.Frame) *protocol.Frame {
	f = proto.Clone(f).(*protocol.Frame)
	dropUnknown(f.ProtoReflect())
	return f
}

// TestInnerSize: the length of what is in a body follows from that of the body.
func TestInnerSize(t *testing.T) {
	for n := range 3 << 20 {
		if n > 300 && n < 16200 || n > 16500 && n < 2097000 {
			continue // between the lengths at which a varint grows
		}
		if got := wire.InnerSize(wire.BodySize(n)); got != n {
			t.Fatalf("%d became %d", n, got)
		}
	}
}
