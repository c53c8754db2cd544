package wire

import (
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/voilet/QuicFlow/pkg/protocol"
)

// value is one field as it stands on the wire.
type value struct {
	field  protowire.Number
	typ    protowire.Type
	varint uint64
	bytes  []byte // part of the reader's buffer
}

// nextField returns the first field of b, which is not empty, and what is behind it. The
// value of one that is neither a varint nor bytes is left out.
func nextField(b []byte) (v value, rest []byte, ok bool) {
	var n int
	if b[0] < 0x80 { // a tag of one byte, as all that we know
		v.field, v.typ, n = protowire.Number(b[0]>>3), protowire.Type(b[0]&7), 1
	} else {
		v.field, v.typ, n = protowire.ConsumeTag(b)
	}
	if n < 0 || !v.field.IsValid() {
		return v, nil, false
	}
	b = b[n:]
	switch v.typ {
	case protowire.VarintType:
		v.varint, n = protowire.ConsumeVarint(b)
	case protowire.BytesType:
		v.bytes, n = protowire.ConsumeBytes(b)
	default:
		n = protowire.ConsumeFieldValue(v.field, v.typ, b)
	}
	if n < 0 {
		return v, nil, false
	}
	return v, b[n:], true
}

func (v value) numberOfData(m *protocol.DataMessage) {
	switch v.field {
	case dataType:
		m.Type = protocol.MessageType(v.varint)
	case dataWaitAck:
		m.WaitAck = protowire.DecodeBool(v.varint)
	case dataTimestamp:
		m.Timestamp = int64(v.varint)
	case dataPriority:
		m.Priority = protocol.Priority(v.varint)
	case dataTimeoutMs:
		m.TimeoutMs = uint32(v.varint)
	case dataIdempotent:
		m.Idempotent = protowire.DecodeBool(v.varint)
	case dataResent:
		m.Resent = protowire.DecodeBool(v.varint)
	case dataAcksSeen:
		m.AcksSeen = v.varint
	case dataNumber:
		m.Number = v.varint
	}
}

func (v value) bytesOfData(m *protocol.DataMessage) (ok bool) {
	switch v.field {
	case dataSenderID:
		return v.text(&m.SenderId)
	case dataReceiverID:
		return v.text(&m.ReceiverId)
	case dataHeaders:
		return v.header(m)
	case dataOrderingKey:
		return v.text(&m.OrderingKey)
	}
	return true
}

func (v value) text(s *string) (ok bool) {
	*s = string(v.bytes)
	return utf8.Valid(v.bytes)
}

func (v value) header(m *protocol.DataMessage) (ok bool) {
	var key, val string
	for b := v.bytes; len(b) > 0; {
		var part value
		if part, b, ok = nextField(b); !ok {
			return false
		}
		switch {
		case part.typ != protowire.BytesType:
		case part.field == mapKey:
			ok = part.text(&key)
		case part.field == mapValue:
			ok = part.text(&val)
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
	m.Headers[key] = val
	return true
}
