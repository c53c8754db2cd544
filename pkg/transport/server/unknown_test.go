package server_test

import (
	"context"
	"math"
	"testing"
	"testing/synctest"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/voilet/QuicFlow/internal/testnet"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// What a later version of the protocol may send has no effect.
func TestUnknownIsIgnored(t *testing.T) {
	unknownKind := protowire.AppendBytes(protowire.AppendTag(nil, 1000, protowire.BytesType), make([]byte, 70<<10))
	withUnknownField := func(f *protocol.Frame) []byte {
		b := testnet.Encode(f)
		_, n := protowire.ConsumeVarint(b)
		b = protowire.AppendVarint(protowire.AppendTag(b[n:], 999, protowire.VarintType), 7)
		return append(protowire.AppendVarint(nil, uint64(len(b))), b...)
	}
	for name, bytes := range map[string][]byte{
		"kind":         append(protowire.AppendVarint(nil, uint64(len(unknownKind))), unknownKind...),
		"empty frames": make([]byte, 1000),
		"field":        withUnknownField(testnet.Ping()),
		"pong":         testnet.Encode(&protocol.Frame{Kind: &protocol.Frame_Pong{Pong: &protocol.Pong{Sequence: 99}}}),
		"acks":         testnet.Encode(testnet.Ack(1000), testnet.Ack(0), testnet.Ack(math.MaxUint64)),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := testnet.Virtual(t)
				n.Hub(testnet.Echo(), nil)
				p := n.Dial("a")
				p.Hello("a")
				p.Write(bytes)
				p.Send(testnet.Data("1", []byte("still there")))
				for f := p.Receive(); ; f = p.Receive() {
					if f == nil {
						t.Fatalf("closed with %v", context.Cause(p.Conn.Context()))
					}
					if string(f.GetAck().GetResult()) == "still there" {
						return
					}
				}
			})
		})
	}
}
