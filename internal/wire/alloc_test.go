package wire_test

import (
	"testing"

	"github.com/voilet/QuicFlow/internal/wire"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

func hotMessages(payload int) (*protocol.DataMessage, *protocol.AckMessage) {
	return &protocol.DataMessage{
			Type:    protocol.MessageType_MESSAGE_TYPE_COMMAND,
			Payload: make([]byte, payload), WaitAck: true, Timestamp: 1700000000000, TimeoutMs: 30000, Number: 70_000,
		}, &protocol.AckMessage{
			Number: 70_000, Status: protocol.AckStatus_ACK_STATUS_SUCCESS, Result: make([]byte, payload),
		}
}

// repeated is a stream that has the same frame again and again.
type repeated struct {
	frame []byte
	at    int
}

func (s *repeated) Peek(b []byte) (int, error) { return copy(b, s.frame[s.at:]), nil }

func (s *repeated) Read(b []byte) (int, error) {
	n := copy(b, s.frame[s.at:])
	s.at = (s.at + n) % len(s.frame)
	return n, nil
}

// TestAllocs pins what a message costs beside the time: nothing to append it, and
// to read it only what the handler gets to keep.
func TestAllocs(t *testing.T) {
	m, a := hotMessages(128)
	buf := make([]byte, 0, 1024)
	pin := func(name string, want float64, f func() error) {
		t.Helper()
		if got := testing.AllocsPerRun(1000, func() {
			if err := f(); err != nil {
				t.Fatal(err)
			}
		}); got != want {
			t.Errorf("%s: %v allocations, want %v", name, got, want)
		}
	}
	pin("appending data", 0, func() error {
		_, err := wire.AppendData(buf[:0], m, wire.DataSize(m))
		return err
	})
	pin("appending an ack", 0, func() error {
		_, err := wire.AppendAck(buf[:0], a, wire.AckSize(a))
		return err
	})
	m.Headers = map[string]string{"trace": "abc", "tenant": "7"}
	pin("appending data with headers", 0, func() error {
		_, err := wire.AppendData(buf[:0], m, wire.DataSize(m))
		return err
	})
	m.Headers = nil
	if raceDetector {
		return
	}
	for name, test := range map[string]struct {
		frame *protocol.Frame
		want  float64
	}{
		"reading data":   {data(m), 3}, // frame, message, id with payload
		"reading an ack": {ack(a), 3},  // frame, message, result
	} {
		r := wire.NewReader(&repeated{frame: encode(t, nil, test.frame)}, noLimit)
		r.SetIDBase(1)
		pin(name, test.want, func() error {
			_, err := next(r)
			return err
		})
	}
}

func BenchmarkAppendData(b *testing.B) {
	m, _ := hotMessages(128)
	buf := make([]byte, 0, 1024)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := wire.AppendData(buf, m, wire.DataSize(m)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRead(b *testing.B) {
	for name, payload := range map[string]int{"128 bytes": 128, "1 MiB": 1 << 20} {
		b.Run(name, func(b *testing.B) {
			m, _ := hotMessages(payload)
			r := wire.NewReader(&repeated{frame: encode(b, nil, data(m))}, noLimit)
			r.SetIDBase(1)
			b.SetBytes(int64(payload))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := next(r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
