package client_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quic-go/quic-go"

	"github.com/voilet/QuicFlow/internal/testnet"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// FuzzHostileHub connects a client to a hub that welcomes it and then sends anything, in any
// order, on several streams, while the client sends messages and is closed. Each send has
// to return, with success only if the hub has acknowledged it; and in virtual time a hang is a
// deadlock, and so is a goroutine that stays.
//
// Each two bytes are a step: what to send and on which stream, and how much of it.
func FuzzHostileHub(f *testing.F) {
	for _, seed := range []string{
		"",
		"\x00\x01\x10\x02\x01\x00\x01\x01\x02\x00",     // data, acknowledgements, a ping
		"\x01\x00\x01\x00\x01\x09",                     // one acknowledgement twice, one for nothing
		"\x05\x00\x06\x00\x07\x00", "\x05\x07\x05\x07", // a drain; GoAway twice
		"\x04\x00", "\x08\x00", "\x09\x00", "\x03\x00", // what a hub must not send
		"\x0a\xff\x1a\xff\x2a\xff\x3a\xff", "\x0b\x07", // large data; what no frame is
		"\x10\x00\x1c\x00", "\x20\x00\x2d\x00", "\x0e\x00", // ends of streams, of the connection
		"\x0f\x20\x01\x00\x0f\x20\x01\x01", // pauses
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, script []byte) {
		synctest.Test(t, func(t *testing.T) { meet(t, script[:min(len(script), 100)]) })
	})
}

const fuzzSends = 4

// meet has a client meet a hub that follows a script.
func meet(t *testing.T, script []byte) {
	n := testnet.Virtual(t)
	fake := n.FakeHub()
	c := n.Client("a", testnet.Echo(), nil)
	acked := make(chan map[uint64]bool, 1)
	go func() {
		p := fake.Welcome(&protocol.Welcome{})
		h := hostile{p: p, acked: map[uint64]bool{}}
		for ; len(script) >= 2; script = script[2:] {
			h.step(int(script[0]&15), int(script[0]>>4)%4, int(script[1]))
		}
		time.Sleep(5 * time.Second)
		_ = p.Conn.CloseWithError(0, "the script is over")
		acked <- h.acked
	}()
	_ = c.Connect(n.Addr()) // which fails if the hub closes at once
	var wg sync.WaitGroup
	var succeeded sync.Map
	for i := range fuzzSends {
		msg := testnet.Command(strings.Repeat("x", 30_000*i))
		wg.Go(func() {
			ack, err := c.SendMessage(t.Context(), msg, true, 2*time.Second)
			if (ack == nil) == (err == nil) {
				t.Errorf("a send returned %v and %v", ack, err)
			}
			if err == nil && ack.Status == protocol.AckStatus_ACK_STATUS_SUCCESS {
				succeeded.Store(ack.Number, true)
			}
		})
	}
	wg.Wait()
	_ = c.Close(t.Context()) // the hub may well not play along
	said := <-acked
	succeeded.Range(func(number, _ any) bool {
		if !said[number.(uint64)] {
			t.Errorf("message %d succeeded, and the hub has not acknowledged it", number)
		}
		return true
	})
}

// hostile is a hub that does what it is told.
type hostile struct {
	p       *testnet.Peer
	streams [4]*quic.SendStream
	acked   map[uint64]bool // by number
}

func (h *hostile) step(what, stream, n int) {
	id := fmt.Sprint(n % 8)
	switch what {
	case 0:
		h.send(stream, testnet.Encode(testnet.Data(id, make([]byte, n))))
	case 1:
		number := uint64(n % 8)
		h.acked[number] = true
		h.send(stream, testnet.Encode(testnet.Ack(number)))
	case 2:
		h.send(stream, testnet.Encode(testnet.Ping()))
	case 3:
		h.send(stream, testnet.Encode(testnet.Taken()))
	case 4:
		h.send(stream, testnet.Encode(testnet.Hello(id)))
	case 5:
		h.send(stream, testnet.Encode(testnet.GoAway(uint64(n))))
	case 6:
		h.send(stream, testnet.Encode(&protocol.Frame{Kind: &protocol.Frame_Handled{Handled: &protocol.Handled{AcksSent: uint64(n)}}}))
	case 7:
		h.send(stream, testnet.Encode(&protocol.Frame{Kind: &protocol.Frame_Complete{Complete: &protocol.Complete{}}}))
	case 8:
		h.send(stream, testnet.Encode(&protocol.Frame{Kind: &protocol.Frame_Welcome{Welcome: &protocol.Welcome{}}}))
	case 9:
		h.send(stream, testnet.Encode(&protocol.Frame{}))
	case 10:
		h.send(stream, testnet.Encode(testnet.Data(id, make([]byte, n<<10))))
	case 11:
		h.send(stream, []byte{byte(n), byte(n * 7), byte(n * 31)})
	case 12:
		_ = h.stream(stream).Close()
	case 13:
		h.stream(stream).CancelWrite(quic.StreamErrorCode(n))
	case 14:
		_ = h.p.Conn.CloseWithError(quic.ApplicationErrorCode(n), "for a test")
	default:
		time.Sleep(time.Duration(n) * 10 * time.Millisecond)
	}
}

// send writes without waiting: a client that takes no more must not keep the script from its end.
func (h *hostile) send(stream int, b []byte) {
	s := h.stream(stream)
	_ = s.SetWriteDeadline(time.Now().Add(time.Second))
	_, _ = s.Write(b) // fails when the connection has ended
}

// stream returns one of the streams; the first is that of the welcome.
func (h *hostile) stream(n int) *quic.SendStream {
	if n == 0 {
		return h.p.Main()
	}
	if h.streams[n] == nil {
		s, err := h.p.TryOpen()
		if err != nil { // the connection has ended: what is written to the first is lost as well
			return h.p.Main()
		}
		h.streams[n] = s
	}
	return h.streams[n]
}
