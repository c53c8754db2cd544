package wire

import (
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// decode decodes the body of a frame. One that is nothing but a data message or
// an acknowledgement is decoded by hand; the standard runtime takes the others.
func decode(body []byte, f *protocol.Frame) error {
	field, wireType, n := protowire.ConsumeTag(body)
	if n > 0 && wireType == protowire.BytesType && (field == fieldData || field == fieldAck) {
		inner, m := protowire.ConsumeBytes(body[n:])
		if m > 0 && n+m == len(body) {
			return decodeHot(field, inner, f)
		}
	}
	if err := (proto.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(body, f); err != nil {
		return qerrors.New(qerrors.ProtocolViolation, "a frame cannot be decoded: %w", err)
	}
	return nil
}

func decodeHot(field protowire.Number, inner []byte, f *protocol.Frame) error {
	var ok bool
	if field == fieldData {
		d := new(data)
		d.kind.Data = &d.msg
		ok = decodeFields(inner, func(v value) bool { return v.intoData(&d.msg) })
		f.Kind = &d.kind
	} else {
		a := new(ack)
		a.kind.Ack = &a.msg
		ok = decodeFields(inner, func(v value) bool { return v.intoAck(&a.msg) })
		f.Kind = &a.kind
	}
	if !ok {
		return qerrors.New(qerrors.ProtocolViolation, "a data message or acknowledgement cannot be decoded")
	}
	return nil
}

// data and ack are what a hot frame becomes, in one allocation.
type (
	data struct {
		kind protocol.Frame_Data
		msg  protocol.DataMessage
	}
	ack struct {
		kind protocol.Frame_Ack
		msg  protocol.AckMessage
	}
)

// value is one field as it stands on the wire.
type value struct {
	field  protowire.Number
	typ    protowire.Type
	varint uint64
	bytes  []byte // part of the reader's buffer
}

// decodeFields calls set for each field that is a varint or bytes, and skips the
// others. It reports whether all of b was well formed.
func decodeFields(b []byte, set func(value) bool) bool {
	for len(b) > 0 {
		var v value
		var n int
		v.field, v.typ, n = protowire.ConsumeTag(b)
		if n < 0 || !v.field.IsValid() {
			return false
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
		if n < 0 || !set(v) {
			return false
		}
		b = b[n:]
	}
	return true
}

// intoData sets the field of m that v is; one of another number or type is of a
// newer peer, and ignored.
func (v value) intoData(m *protocol.DataMessage) (ok bool) {
	if v.typ == protowire.VarintType {
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
		}
		return true
	}
	if v.typ != protowire.BytesType {
		return true
	}
	switch v.field {
	case dataMsgID:
		return v.text(&m.MsgId)
	case dataSenderID:
		return v.text(&m.SenderId)
	case dataReceiverID:
		return v.text(&m.ReceiverId)
	case dataPayload:
		m.Payload = append([]byte{}, v.bytes...)
	case dataHeaders:
		return v.header(m)
	case dataOrderingKey:
		return v.text(&m.OrderingKey)
	}
	return true
}

func (v value) intoAck(a *protocol.AckMessage) (ok bool) {
	switch {
	case v.field == ackStatus && v.typ == protowire.VarintType:
		a.Status = protocol.AckStatus(v.varint)
	case v.field == ackCode && v.typ == protowire.VarintType:
		a.Code = uint32(v.varint)
	case v.typ != protowire.BytesType:
	case v.field == ackMsgID:
		return v.text(&a.MsgId)
	case v.field == ackResult:
		a.Result = append([]byte{}, v.bytes...)
	case v.field == ackError:
		return v.text(&a.Error)
	}
	return true
}

func (v value) text(s *string) (ok bool) {
	*s = string(v.bytes)
	return utf8.Valid(v.bytes)
}

func (v value) header(m *protocol.DataMessage) (ok bool) {
	var key, val string
	ok = decodeFields(v.bytes, func(v value) bool {
		switch {
		case v.typ != protowire.BytesType:
			return true
		case v.field == mapKey:
			return v.text(&key)
		case v.field == mapValue:
			return v.text(&val)
		}
		return true
	})
	if len(m.Headers) >= MaxHeaders {
		return false // before they cost more than the frame
	}
	if m.Headers == nil {
		m.Headers = make(map[string]string)
	}
	m.Headers[key] = val
	return ok
}
