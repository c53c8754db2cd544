package wire_test

import (
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/voilet/QuicFlow/internal/wire"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// FuzzReader: arbitrary bytes in arbitrary pieces never panic, and what they are
// read as is read again from its own encoding.
func FuzzReader(f *testing.F) {
	for _, sample := range samples() {
		f.Add(encode(f, nil, sample.frame), uint16(1))
	}
	f.Fuzz(func(t *testing.T, stream []byte, step uint16) {
		const limit = 1 << 20
		frames, _ := readAll(wire.NewReader(&source{data: stream, step: int(step)}, limit))
		var again []byte
		for i := range frames {
			frames[i] = known(frames[i])
			again = encode(t, again, frames[i])
		}
		got, err := readAll(wire.NewReader(&source{data: again}, noLimit))
		if err != nil {
			t.Fatal(err)
		}
		sameFrames(t, got, frames)
	})
}

// FuzzDecode: a body is read as the standard runtime reads it.
func FuzzDecode(f *testing.F) {
	for _, sample := range samples() {
		stream := encode(f, nil, sample.frame)
		_, n := protowire.ConsumeVarint(stream)
		f.Add(stream[n:])
	}
	// A data message with its id, and an acknowledgement with its code, behind a tag with more
	// bytes than it takes.
	f.Add([]byte{0x42, 4, 0x8a, 0x00, 1, 'x'})
	f.Add([]byte{0x4a, 4, 0x98, 0x80, 0x00, 2})
	f.Fuzz(func(t *testing.T, body []byte) {
		var want protocol.Frame
		wantErr := proto.Unmarshal(body, &want)
		stream := append(protowire.AppendVarint(nil, uint64(len(body))), body...)
		got, err := next(wire.NewReader(&source{data: stream}, noLimit))
		if (err == nil) != (wantErr == nil) {
			t.Fatalf("the reader says %v, the standard runtime %v", err, wantErr)
		}
		if err == nil {
			sameFrames(t, []*protocol.Frame{known(got)}, []*protocol.Frame{known(&want)})
		}
	})
}

// dropUnknown takes the unknown fields out of m and of all messages in it.
func dropUnknown(m protoreflect.Message) {
	m.SetUnknown(nil)
	m.Range(func(field protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		if field.Message() != nil && !field.IsMap() {
			dropUnknown(v.Message())
		}
		return true
	})
}
