// Package wire encodes and decodes the frames of the protocol: a protobuf varint
// with the length, then a protocol.Frame. It knows sizes and limits, and nothing
// of connections.
package wire

import (
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

const (
	// LargeFrame is the size from which a frame travels on a stream of its own,
	// so that it never holds up the small ones.
	LargeFrame = 64 << 10

	// Overhead is what a frame may have beside its payload or result: ids,
	// headers, an error text and the encoding itself.
	Overhead = 32 << 10

	// MaxControlFrame limits the frames before the end of the handshake.
	MaxControlFrame = 4 << 10
)

// The field numbers of protocol.Frame's hot kinds. They are encoded by hand, so
// that no Frame has to be allocated around each message.
const (
	fieldData = protowire.Number(8)
	fieldAck  = protowire.Number(9)
)

// DataSize returns the length of the body of m's frame. It has to be called just
// before [AppendData].
func DataSize(m *protocol.DataMessage) int { return bodySize(fieldData, m) }

// AckSize returns the length of the body of m's frame. It has to be called just
// before [AppendAck].
func AckSize(m *protocol.AckMessage) int { return bodySize(fieldAck, m) }

func bodySize(field protowire.Number, m proto.Message) int {
	return protowire.SizeTag(field) + protowire.SizeBytes(proto.Size(m))
}

// AppendData appends the frame of a data message, whose body has size bytes, to
// b. On an error, which only text that is not UTF-8 can cause, b is returned as
// it was.
func AppendData(b []byte, m *protocol.DataMessage, size int) ([]byte, error) {
	return appendField(b, fieldData, m, size)
}

// AppendAck appends the frame of an acknowledgement, whose body has size bytes,
// to b.
func AppendAck(b []byte, m *protocol.AckMessage, size int) ([]byte, error) {
	return appendField(b, fieldAck, m, size)
}

func appendField(b []byte, field protowire.Number, m proto.Message, size int) ([]byte, error) {
	before := len(b)
	b = protowire.AppendVarint(b, uint64(size))
	b = protowire.AppendTag(b, field, protowire.BytesType)
	// UseCachedSize: proto.Size ran when size was computed.
	b = protowire.AppendVarint(b, uint64(proto.MarshalOptions{UseCachedSize: true}.Size(m)))
	return finish(b, before, m)
}

// AppendFrame appends any frame to b; it is meant for the control frames.
func AppendFrame(b []byte, f *protocol.Frame) ([]byte, error) {
	before := len(b)
	b = protowire.AppendVarint(b, uint64(proto.Size(f)))
	return finish(b, before, f)
}

// finish appends m, whose size was computed before, or takes b back to what it
// was.
func finish(b []byte, before int, m proto.Message) ([]byte, error) {
	out, err := proto.MarshalOptions{UseCachedSize: true}.MarshalAppend(b, m)
	if err != nil {
		return b[:before], qerrors.New(qerrors.InvalidArgument,
			"the message cannot be encoded: ids, headers and error texts must be valid UTF-8: %w", err)
	}
	return out, nil
}

// LeadsAck reports whether a body that begins with this byte is an acknowledgement's.
func LeadsAck(first byte) bool {
	return first == byte(protowire.EncodeTag(fieldAck, protowire.BytesType))
}
