package wire_test

import (
	"errors"
	"io"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/voilet/QuicFlow/internal/leaktest"
	"github.com/voilet/QuicFlow/internal/wire"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// noLimit is for tests that are not about limits.
const noLimit = 1 << 40

// source is a stream of which everything has arrived. It counts what is consumed.
type source struct {
	data    []byte
	step    int    // the most that one Read returns; 0 is unlimited
	end     error  // what comes after data; nil stands for io.EOF
	eager   bool   // the last bytes come together with end, as quic-go does it
	waiting func() // called when the reader waits for a frame to begin

	reads, consumed int
}

func (s *source) Peek(b []byte) (int, error) {
	if s.waiting != nil {
		s.waiting()
	}
	n := copy(b, s.data)
	if n < len(b) {
		return n, s.ending()
	}
	return n, nil
}

func (s *source) Read(b []byte) (int, error) {
	s.reads++
	if s.step > 0 {
		b = b[:min(len(b), s.step)]
	}
	n := copy(b, s.data)
	s.data, s.consumed = s.data[n:], s.consumed+n
	if len(s.data) == 0 && (n == 0 || s.eager) {
		return n, s.ending()
	}
	return n, nil
}

func (s *source) ending() error {
	if s.end != nil {
		return s.end
	}
	return io.EOF
}

// next reads one frame.
func next(r *wire.Reader) (*protocol.Frame, error) {
	n, err := r.Next()
	if err != nil {
		return nil, err
	}
	var f protocol.Frame
	if err := r.Read(n, &f); err != nil {
		return nil, err
	}
	return &f, nil
}

// readAll reads until the end of the stream or an error that is not io.EOF.
func readAll(r *wire.Reader) (frames []*protocol.Frame, err error) {
	for {
		f, err := next(r)
		if errors.Is(err, io.EOF) {
			return frames, nil
		}
		if err != nil {
			return frames, err
		}
		frames = append(frames, f)
	}
}

func data(m *protocol.DataMessage) *protocol.Frame {
	return &protocol.Frame{Kind: &protocol.Frame_Data{Data: m}}
}

func ack(m *protocol.AckMessage) *protocol.Frame {
	return &protocol.Frame{Kind: &protocol.Frame_Ack{Ack: m}}
}

// encode appends f as the sender of its kind does.
func encode(t testing.TB, b []byte, f *protocol.Frame) []byte {
	t.Helper()
	var err error
	switch kind := f.Kind.(type) {
	case *protocol.Frame_Data:
		b, err = wire.AppendData(b, kind.Data, wire.DataSize(kind.Data))
	case *protocol.Frame_Ack:
		b, err = wire.AppendAck(b, kind.Ack, wire.AckSize(kind.Ack))
	default:
		b, err = wire.AppendFrame(b, f)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// sameFrames fails the test unless got is want.
func sameFrames(t interface {
	Helper()
	Fatalf(string, ...any)
}, got, want []*protocol.Frame) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("read %d frames, want %d", len(got), len(want))
	}
	for i := range want {
		if !proto.Equal(got[i], want[i]) {
			t.Fatalf("frame %d is %.200q, want %.200q", i, got[i].String(), want[i].String())
		}
	}
}
