package wire

import (
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/voilet/QuicFlow/pkg/protocol"
)

// nextField returns the first field of b, which is not empty, and what is behind it: its tag,
// which is 0 for one that we cannot know, and its value, a varint or a part of b. These are as
// many results as there are registers for.
func nextField(b []byte) (tag byte, varint uint64, bytes, rest []byte, ok bool) {
	tag, n := b[0], 0
	switch {
	case tag < lowestTag || tag >= 0x80 || tag&typeBits != varintBits && tag&typeBits != bytesBits:
		return rareField(b)
	case len(b) > 1 && b[1] < 0x80: // most values and lengths are small
		varint, n = uint64(b[1]), 2
	default:
		if varint, n = protowire.ConsumeVarint(b[1:]); n >= 0 {
			n++
		}
	}
	if n < 0 {
		return 0, 0, nil, nil, false
	}
	b = b[n:]
	if tag&typeBits != bytesBits {
		return tag, varint, nil, b, true
	}
	if varint > uint64(len(b)) {
		return 0, 0, nil, nil, false
	}
	return tag, 0, b[:varint], b[varint:], true
}

// rareField is nextField for what nobody sends but newer peers, and those that write a tag with
// more bytes than it takes: protobuf allows that.
func rareField(b []byte) (tag byte, varint uint64, bytes, rest []byte, ok bool) {
	field, typ, n := protowire.ConsumeTag(b)
	if n < 0 || !field.IsValid() {
		return 0, 0, nil, nil, false
	}
	switch b = b[n:]; typ {
	case protowire.VarintType:
		varint, n = protowire.ConsumeVarint(b)
	case protowire.BytesType:
		bytes, n = protowire.ConsumeBytes(b)
	default:
		n = protowire.ConsumeFieldValue(field, typ, b)
		field = highestField + 1
	}
	if n < 0 {
		return 0, 0, nil, nil, false
	}
	if field <= highestField {
		tag = byte(protowire.EncodeTag(field, typ))
	}
	return tag, varint, bytes, b[n:], true
}

// A tag is the number of a field and, in three bits, how its value is encoded. Below lowestTag
// there is no number, and highestField is the last whose tag is one byte, as those that we know.
const (
	typeBits     = 7
	varintBits   = byte(protowire.VarintType)
	bytesBits    = byte(protowire.BytesType)
	lowestTag    = 1 << 3
	highestField = 0x7f >> 3
)

// setNumber sets the field of m that has a varint.
func setNumber(m *protocol.DataMessage, tag byte, v uint64) {
	switch protowire.Number(tag >> 3) {
	case dataType:
		m.Type = protocol.MessageType(v)
	case dataWaitAck:
		m.WaitAck = protowire.DecodeBool(v)
	case dataTimestamp:
		m.Timestamp = int64(v)
	case dataPriority:
		m.Priority = protocol.Priority(v)
	case dataTimeoutMs:
		m.TimeoutMs = uint32(v)
	case dataIdempotent:
		m.Idempotent = protowire.DecodeBool(v)
	case dataResent:
		m.Resent = protowire.DecodeBool(v)
	case dataAcksSeen:
		m.AcksSeen = v
	case dataNumber:
		m.Number = v
	}
}

// setBytes sets the field of m that has text or a header. It reports whether v was well formed.
func setBytes(m *protocol.DataMessage, tag byte, v []byte) (ok bool) {
	switch protowire.Number(tag >> 3) {
	case dataSenderID:
		return setText(&m.SenderId, v)
	case dataReceiverID:
		return setText(&m.ReceiverId, v)
	case dataHeaders:
		return setHeader(m, v)
	case dataOrderingKey:
		return setText(&m.OrderingKey, v)
	}
	return true
}

func setText(s *string, v []byte) (ok bool) {
	*s = string(v)
	return utf8.Valid(v)
}

func setHeader(m *protocol.DataMessage, b []byte) (ok bool) {
	var key, value string
	for len(b) > 0 {
		var tag byte
		var v []byte
		if tag, _, v, b, ok = nextField(b); !ok {
			return false
		}
		switch {
		case tag == bytesTag(mapKey):
			ok = setText(&key, v)
		case tag == bytesTag(mapValue):
			ok = setText(&value, v)
		}
		if !ok {
			return false
		}
	}
	if len(m.Headers) >= MaxHeaders {
		return false // before they cost more than the frame
	}
	if m.Headers == nil {
		m.Headers = make(map[string]string)
	}
	m.Headers[key] = value
	return true
}
