package testnet

import "github.com/voilet/QuicFlow/pkg/protocol"

// Hello returns a hello.
func Hello(id string) *protocol.Frame {
	return &protocol.Frame{Kind: &protocol.Frame_Hello{Hello: &protocol.Hello{ClientId: id}}}
}

// Data returns a command that asks for an acknowledgement.
func Data(id string, payload []byte) *protocol.Frame {
	return &protocol.Frame{Kind: &protocol.Frame_Data{Data: &protocol.DataMessage{
		MsgId: id, Type: protocol.MessageType_MESSAGE_TYPE_COMMAND, Payload: payload, WaitAck: true,
	}}}
}

// Ack returns a successful acknowledgement of the message with this number.
func Ack(number uint64) *protocol.Frame {
	return &protocol.Frame{Kind: &protocol.Frame_Ack{Ack: &protocol.AckMessage{
		Number: number, Status: protocol.AckStatus_ACK_STATUS_SUCCESS,
	}}}
}

// Ping returns a ping.
func Ping() *protocol.Frame {
	return &protocol.Frame{Kind: &protocol.Frame_Ping{Ping: &protocol.Ping{}}}
}

// Taken returns a Taken.
func Taken() *protocol.Frame {
	return &protocol.Frame{Kind: &protocol.Frame_Taken{Taken: &protocol.Taken{}}}
}

// GoAway returns a GoAway after this many data messages.
func GoAway(dataSent uint64) *protocol.Frame {
	return &protocol.Frame{Kind: &protocol.Frame_GoAway{GoAway: &protocol.GoAway{DataSent: dataSent}}}
}

// Opened says that there is one stream more.
func Opened() *protocol.Frame {
	return &protocol.Frame{Kind: &protocol.Frame_Opened{Opened: &protocol.Opened{}}}
}
