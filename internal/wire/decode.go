package wire

import (
	"unicode/utf8"
	"unsafe"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// decode decodes the body of a frame. One that is nothing but a data message or
// an acknowledgement is decoded by hand; the standard runtime takes the others. What
// f refers to afterwards is its own memory, or with give a part of body. A data message
// without an id gets the one that base says, if there is one.
func decode(body []byte, f *protocol.Frame, base IDBase, give bool) error {
	field, wireType, n := protowire.ConsumeTag(body)
	if n > 0 && wireType == protowire.BytesType && (field == fieldData || field == fieldAck) {
		inner, m := protowire.ConsumeBytes(body[n:])
		if m > 0 && n+m == len(body) {
			return decodeHot(field, inner, f, base, give)
		}
	}
	if err := (proto.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(body, f); err != nil {
		return qerrors.New(qerrors.ProtocolViolation, "a frame cannot be decoded: %w", err)
	}
	if m := f.GetData(); m != nil && m.MsgId == "" && base != 0 {
		m.MsgId = base.ID(m.Timestamp, m.Number)
	}
	return nil
}

func decodeHot(field protowire.Number, inner []byte, f *protocol.Frame, base IDBase, give bool) error {
	var ok bool
	if field == fieldData {
		d := new(data)
		d.kind.Data = &d.msg
		var id, payload []byte
		if ok = decodeData(inner, &d.msg, &id, &payload); ok {
			var text [IDBytes]byte
			if len(id) == 0 && base != 0 {
				base.write(&text, d.msg.Timestamp, d.msg.Number)
				id = text[:]
			}
			d.msg.MsgId, d.msg.Payload = own(id, payload, give)
		}
		f.Kind = &d.kind
	} else {
		a := new(ack)
		a.kind.Ack = &a.msg
		var id, result []byte
		if ok = decodeAck(inner, &a.msg, &id, &result); ok {
			a.msg.MsgId, a.msg.Result = own(id, result, give)
		}
		f.Kind = &a.kind
	}
	if !ok {
		return qerrors.New(qerrors.ProtocolViolation, "a data message or acknowledgement cannot be decoded, or has more than %d headers", MaxHeaders)
	}
	return nil
}

// maxShared is up to which size a payload shares the memory of its message's id.
// Whoever keeps the id alone keeps the payload with it.
const maxShared = 512

// own copies an id and a payload out of the reader's buffer, in one allocation if
// they are small; with give it keeps the payload, which is large, where it is. An absent
// payload, which is nil, stays absent.
func own(id, payload []byte, give bool) (string, []byte) {
	switch {
	case give:
		return string(id), payload[:len(payload):len(payload)]
	case payload == nil:
		return string(id), nil
	case len(id) == 0 || len(payload) == 0 || len(payload) > maxShared:
		return string(id), append([]byte{}, payload...)
	}
	b := make([]byte, len(id)+len(payload))
	copy(b, id)
	copy(b[len(id):], payload)
	// The string is of bytes that nobody can write to: the slice begins behind them.
	return unsafe.String(&b[0], len(id)), b[len(id):]
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

// decodeData sets the fields of m that b has, but for id and payload, which it
// returns as they stand in b. It reports whether all of b was well formed. A field of
// another number or type is of a newer peer, and ignored.
func decodeData(b []byte, m *protocol.DataMessage, id, payload *[]byte) bool {
	for len(b) > 0 {
		tag, number, v, rest, ok := nextField(b)
		switch {
		case !ok:
			return false
		case tag == bytesTag(dataPayload):
			*payload = v
		case tag == bytesTag(dataMsgID):
			*id, ok = v, utf8.Valid(v)
		case tag&typeBits == bytesBits:
			ok = setBytes(m, tag, v)
		default:
			setNumber(m, tag, number)
		}
		if !ok {
			return false
		}
		b = rest
	}
	return true
}

// decodeAck does the same for an acknowledgement.
func decodeAck(b []byte, a *protocol.AckMessage, id, result *[]byte) bool {
	for len(b) > 0 {
		tag, number, v, rest, ok := nextField(b)
		switch tag {
		case varintTag(ackStatus):
			a.Status = protocol.AckStatus(number)
		case varintTag(ackCode):
			a.Code = uint32(number)
		case varintTag(ackNumber):
			a.Number = number
		case bytesTag(ackMsgID):
			*id, ok = v, utf8.Valid(v)
		case bytesTag(ackResult):
			*result = v
		case bytesTag(ackError):
			ok = setText(&a.Error, v)
		}
		if !ok {
			return false
		}
		b = rest
	}
	return true
}
