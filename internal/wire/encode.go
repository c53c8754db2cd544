package wire

import (
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/voilet/QuicFlow/pkg/protocol"
)

// The two hot messages are encoded and decoded by hand: the bytes are those of
// the standard runtime, which tests compare with, at about a third of its cost.
// The numbers are those of message.proto.
const (
	dataMsgID       = protowire.Number(1)
	dataSenderID    = protowire.Number(2)
	dataReceiverID  = protowire.Number(3)
	dataType        = protowire.Number(4)
	dataPayload     = protowire.Number(5)
	dataWaitAck     = protowire.Number(6)
	dataTimestamp   = protowire.Number(7)
	dataHeaders     = protowire.Number(8)
	dataPriority    = protowire.Number(9)
	dataOrderingKey = protowire.Number(10)
	dataTimeoutMs   = protowire.Number(11)
	dataIdempotent  = protowire.Number(12)
	dataResent      = protowire.Number(13)
	dataAcksSeen    = protowire.Number(14)
	dataNumber      = protowire.Number(15)

	ackMsgID  = protowire.Number(1)
	ackStatus = protowire.Number(2)
	ackCode   = protowire.Number(3)
	ackResult = protowire.Number(4)
	ackError  = protowire.Number(5)
	ackNumber = protowire.Number(6)

	mapKey   = protowire.Number(1)
	mapValue = protowire.Number(2)
)

// All field numbers are below 16, so each tag is one byte.
const tagSize = 1

func sizeBytes(n int) int {
	if n == 0 {
		return 0
	}
	return tagSize + protowire.SizeBytes(n)
}

func sizeVarint(v uint64) int {
	if v == 0 {
		return 0
	}
	return tagSize + protowire.SizeVarint(v)
}

// headerSize counts key and value also when they are empty, as the standard
// runtime writes them.
func headerSize(key, value string) int {
	return 2*tagSize + protowire.SizeBytes(len(key)) + protowire.SizeBytes(len(value))
}

func dataSize(m *protocol.DataMessage) int {
	n := sizeBytes(len(m.MsgId)) + sizeBytes(len(m.SenderId)) + sizeBytes(len(m.ReceiverId)) +
		sizeVarint(uint64(m.Type)) + sizeBytes(len(m.Payload)) + sizeVarint(protowire.EncodeBool(m.WaitAck)) +
		sizeVarint(uint64(m.Timestamp)) + sizeVarint(uint64(m.Priority)) +
		sizeBytes(len(m.OrderingKey)) + sizeVarint(uint64(m.TimeoutMs)) +
		sizeVarint(protowire.EncodeBool(m.Idempotent)) + sizeVarint(protowire.EncodeBool(m.Resent)) + sizeVarint(m.AcksSeen) + sizeVarint(m.Number)
	if len(m.Headers) > 0 {
		n += headersSize(m.Headers)
	}
	return n
}

// headersSize and what else goes over the headers is called only if there are any: to begin
// with those of an empty map costs more than a field.
func headersSize(headers map[string]string) (n int) {
	for key, value := range headers {
		n += tagSize + protowire.SizeBytes(headerSize(key, value))
	}
	return n
}

func appendData(b []byte, m *protocol.DataMessage) []byte {
	b = appendString(b, dataMsgID, m.MsgId)
	b = appendString(b, dataSenderID, m.SenderId)
	b = appendString(b, dataReceiverID, m.ReceiverId)
	b = appendVarint(b, dataType, uint64(m.Type))
	b = appendBytes(b, dataPayload, m.Payload)
	b = appendVarint(b, dataWaitAck, protowire.EncodeBool(m.WaitAck))
	b = appendVarint(b, dataTimestamp, uint64(m.Timestamp))
	if len(m.Headers) > 0 {
		b = appendHeaders(b, m.Headers)
	}
	b = appendVarint(b, dataPriority, uint64(m.Priority))
	b = appendString(b, dataOrderingKey, m.OrderingKey)
	b = appendVarint(b, dataTimeoutMs, uint64(m.TimeoutMs))
	b = appendVarint(b, dataIdempotent, protowire.EncodeBool(m.Idempotent))
	b = appendVarint(b, dataResent, protowire.EncodeBool(m.Resent))
	b = appendVarint(b, dataAcksSeen, m.AcksSeen)
	return appendVarint(b, dataNumber, m.Number)
}

func appendHeaders(b []byte, headers map[string]string) []byte {
	for key, value := range headers {
		b = appendUint(append(b, bytesTag(dataHeaders)), uint64(headerSize(key, value)))
		b = append(appendUint(append(b, bytesTag(mapKey)), uint64(len(key))), key...)
		b = append(appendUint(append(b, bytesTag(mapValue)), uint64(len(value))), value...)
	}
	return b
}

func ackSize(a *protocol.AckMessage) int {
	return sizeBytes(len(a.MsgId)) + sizeVarint(uint64(a.Status)) + sizeVarint(uint64(a.Code)) +
		sizeBytes(len(a.Result)) + sizeBytes(len(a.Error)) + sizeVarint(a.Number)
}

func appendAck(b []byte, a *protocol.AckMessage) []byte {
	b = appendString(b, ackMsgID, a.MsgId)
	b = appendVarint(b, ackStatus, uint64(a.Status))
	b = appendVarint(b, ackCode, uint64(a.Code))
	b = appendBytes(b, ackResult, a.Result)
	b = appendString(b, ackError, a.Error)
	return appendVarint(b, ackNumber, a.Number)
}

// bytesTag and varintTag are the whole tag of a field.
func bytesTag(field protowire.Number) byte {
	return byte(protowire.EncodeTag(field, protowire.BytesType))
}

func varintTag(field protowire.Number) byte {
	return byte(protowire.EncodeTag(field, protowire.VarintType))
}

func appendString(b []byte, field protowire.Number, v string) []byte {
	if v == "" {
		return b
	}
	return append(appendUint(append(b, bytesTag(field)), uint64(len(v))), v...)
}

func appendBytes(b []byte, field protowire.Number, v []byte) []byte {
	if len(v) == 0 {
		return b
	}
	return append(appendUint(append(b, bytesTag(field)), uint64(len(v))), v...)
}

func appendVarint(b []byte, field protowire.Number, v uint64) []byte {
	if v == 0 {
		return b
	}
	return appendUint(append(b, varintTag(field)), v)
}

// appendUint is protowire.AppendVarint without a call for the usual: one byte.
func appendUint(b []byte, v uint64) []byte {
	if v < 0x80 {
		return append(b, byte(v))
	}
	return protowire.AppendVarint(b, v)
}

// validData reports whether all the text of m is UTF-8, which protobuf requires.
func validData(m *protocol.DataMessage) bool {
	return utf8.ValidString(m.MsgId) && utf8.ValidString(m.SenderId) &&
		utf8.ValidString(m.ReceiverId) && utf8.ValidString(m.OrderingKey) &&
		(len(m.Headers) == 0 || validHeaders(m.Headers))
}

func validHeaders(headers map[string]string) bool {
	for key, value := range headers {
		if !utf8.ValidString(key) || !utf8.ValidString(value) {
			return false
		}
	}
	return true
}
