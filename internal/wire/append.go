// Package wire encodes and decodes the frames of the protocol: a protobuf varint
// with the length, then a protocol.Frame. It knows sizes and limits, and nothing
// of connections.
package wire

import (
	"unicode/utf8"

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

	// MaxHead is what a frame has before its body, at most.
	MaxHead = 8

	// MaxHeaders is how many headers a message may have.
	MaxHeaders = 64

	// MaxControlFrame limits the frames before the end of the handshake. A hello may
	// have a token in it, such as a JWT with many claims.
	MaxControlFrame = 16 << 10
)

// The field numbers of protocol.Frame's hot kinds. They are encoded by hand, so
// that no Frame has to be allocated around each message.
const (
	fieldData = protowire.Number(8)
	fieldAck  = protowire.Number(9)
)

// DataSize returns the length of the body of m's frame.
func DataSize(m *protocol.DataMessage) int { return bodySize(dataSize(m)) }

// AckSize returns the length of the body of a's frame.
func AckSize(a *protocol.AckMessage) int { return bodySize(ackSize(a)) }

func bodySize(n int) int { return tagSize + protowire.SizeBytes(n) }

// innerSize is the inverse of bodySize: the caller has counted already.
func innerSize(body int) int {
	for length := 1; ; length++ {
		if n := body - tagSize - length; protowire.SizeVarint(uint64(n)) <= length {
			return n
		}
	}
}

// AppendData appends the frame of a data message, whose body has size bytes, to
// b. On an error, which only text that is not UTF-8 can cause, b is returned as
// it was.
func AppendData(b []byte, m *protocol.DataMessage, size int) ([]byte, error) {
	if !validData(m) {
		return b, qerrors.New(qerrors.InvalidArgument, "ids, ordering key and headers must be valid UTF-8")
	}
	return appendData(appendHead(b, fieldData, size), m), nil
}

// AppendAck appends the frame of an acknowledgement, whose body has size bytes,
// to b.
func AppendAck(b []byte, a *protocol.AckMessage, size int) ([]byte, error) {
	if !utf8.ValidString(a.MsgId) || !utf8.ValidString(a.Error) {
		return b, qerrors.New(qerrors.InvalidArgument, "message id and error text must be valid UTF-8")
	}
	return appendAck(appendHead(b, fieldAck, size), a), nil
}

// appendHead appends the length of a frame, and the tag and length of the one
// field in it.
func appendHead(b []byte, field protowire.Number, size int) []byte {
	b = append(appendUint(b, uint64(size)), bytesTag(field))
	return appendUint(b, uint64(innerSize(size)))
}

// AppendFrame appends any frame to b; it is meant for the control frames.
func AppendFrame(b []byte, f *protocol.Frame) ([]byte, error) {
	before := len(b)
	b = protowire.AppendVarint(b, uint64(proto.Size(f)))
	out, err := proto.MarshalOptions{UseCachedSize: true}.MarshalAppend(b, f)
	if err != nil {
		return b[:before], qerrors.New(qerrors.InvalidArgument, "the frame cannot be encoded: %w", err)
	}
	return out, nil
}

// LeadsAck reports whether a body that begins with this byte is an acknowledgement's.
func LeadsAck(first byte) bool {
	return first == byte(protowire.EncodeTag(fieldAck, protowire.BytesType))
}
