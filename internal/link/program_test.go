package link_test

import (
	"context"
	"fmt"
	"time"

	"github.com/voilet/QuicFlow/internal/testnet"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

const streams = 8

// program is what happens on a connection: what the peer sends, and what this
// side does meanwhile.
type program struct {
	streams []*stream
	local   []local
	length  time.Duration
	data    map[string]int // data messages of the peer that ask for an acknowledgement
}

type local struct {
	at    time.Duration
	drain bool // otherwise send
	id    string
	size  int
}

// parse makes a program of any bytes. Each pair is one step: what, on which
// stream, and how much.
func parse(script []byte) *program {
	p := &program{data: make(map[string]int)}
	for range streams {
		p.streams = append(p.streams, &stream{})
	}
	p.send(0, testnet.Encode(testnet.Hello("peer")))
	for range streams - 1 {
		p.send(0, testnet.Encode(testnet.Opened()))
	}
	for len(script) >= 2 && p.length < 200*time.Millisecond {
		p.step(int(script[0]&15), int(script[0]>>4)%streams, int(script[1]))
		script = script[2:]
		p.length += time.Millisecond
	}
	return p
}

func (p *program) send(n int, bytes []byte) {
	if s := p.streams[n]; s.end == open {
		s.chunks = append(s.chunks, chunk{p.length, bytes})
	}
}

func (p *program) step(what, n, arg int) {
	frame := func(f *protocol.Frame) { p.send(n, testnet.Encode(f)) }
	switch what {
	case 0, 1:
		f := testnet.Data(fmt.Sprint("peer's ", arg>>1), make([]byte, arg*(1+300*what)))
		f.GetData().WaitAck = arg&1 == 0
		f.GetData().TimeoutMs = uint32(arg % 7)
		if f.GetData().WaitAck {
			p.data[f.GetData().MsgId]++
		}
		frame(f)
	case 2:
		frame(testnet.Ack(uint64(arg % 32)))
	case 3:
		frame(testnet.Ping())
	case 4:
		frame(testnet.Taken())
	case 5:
		frame(testnet.GoAway(uint64(arg)))
	case 6:
		frame(&protocol.Frame{Kind: &protocol.Frame_Handled{Handled: &protocol.Handled{AcksSent: uint64(arg)}}})
	case 7:
		frame(&protocol.Frame{Kind: &protocol.Frame_Complete{Complete: &protocol.Complete{}}})
	case 8:
		frame(testnet.Hello(fmt.Sprint(arg)))
	case 9:
		p.send(n, []byte{byte(arg)})
	case 10:
		p.streams[n].end = end(arg % 3)
	case 11:
		p.length += time.Duration(arg) * time.Millisecond / 8
	case 12, 13:
		p.local = append(p.local, local{at: p.length, id: fmt.Sprint("ours ", len(p.local)%32), size: arg * (1 + 300*(what-12))})
	case 14:
		p.local = append(p.local, local{at: p.length, drain: true})
	case 15:
		if arg&4 != 0 {
			frame(testnet.Opened()) // and there may be no such stream
		}
		p.send(n, make([]byte, arg%4)) // empty frames
	}
}

// echo takes a moment to answer with the payload.
func echo(ctx context.Context, m *protocol.DataMessage) (*protocol.DataMessage, error) {
	select {
	case <-time.After(2 * time.Millisecond):
		return &protocol.DataMessage{Payload: m.Payload}, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
