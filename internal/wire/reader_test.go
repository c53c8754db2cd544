package wire_test

import (
	"bytes"
	"errors"
	"io"
	"math"
	"runtime"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/voilet/QuicFlow/internal/wire"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// frameOf returns a stream of one data frame whose body has size bytes.
func frameOf(t testing.TB, size int) []byte {
	t.Helper()
	m := &protocol.DataMessage{}
	for payload := size; payload >= 0; payload-- {
		m.Payload = make([]byte, payload)
		if wire.DataSize(m) == size {
			return encode(t, nil, data(m))
		}
	}
	t.Fatalf("no frame has a body of exactly %d bytes", size)
	return nil
}

func TestFrameSizes(t *testing.T) {
	for _, size := range []int{0, 2, wire.BufferSize - 1, wire.BufferSize, wire.BufferSize + 1, wire.LargeFrame, wire.LargeFrame + 1, 1 << 20} {
		stream := []byte{0}
		if size > 0 {
			stream = frameOf(t, size)
		}
		ping := &protocol.Frame{Kind: &protocol.Frame_Ping{Ping: &protocol.Ping{Sequence: 7}}}
		stream = encode(t, stream, ping)
		for _, step := range []int{0, 1, wire.BufferSize - 1, wire.BufferSize} {
			r := wire.NewReader(&source{data: stream, step: step}, size)
			n, err := r.Next()
			if n != size || err != nil {
				t.Fatalf("size %d, step %d: Next returned %d, %v", size, step, n, err)
			}
			var f protocol.Frame
			if err := r.Read(n, &f); err != nil {
				t.Fatalf("size %d, step %d: %v", size, step, err)
			}
			r.SetLimit(noLimit)
			rest, err := readAll(r)
			if err != nil {
				t.Fatalf("size %d, step %d: %v", size, step, err)
			}
			sameFrames(t, rest, []*protocol.Frame{ping})
		}
	}
}

// TestLimit: a length over the limit is refused before anything after it is read.
func TestLimit(t *testing.T) {
	for _, test := range []struct {
		limit int
		size  uint64
		want  qerrors.Code
	}{
		{10, 10, qerrors.OK},
		{10, 11, qerrors.FrameTooLarge},
		{0, 0, qerrors.OK},
		{0, 1, qerrors.FrameTooLarge},
		{wire.MaxControlFrame, wire.MaxControlFrame + 1, qerrors.FrameTooLarge},
		{1 << 20, math.MaxUint64, qerrors.FrameTooLarge},
		{math.MaxInt, 1 << 63, qerrors.FrameTooLarge},
		{math.MaxInt, math.MaxInt, qerrors.OK},
	} {
		length := protowire.AppendVarint(nil, test.size)
		src := &source{data: length, step: 1, end: errors.New("the reader asked for the body")}
		r := wire.NewReader(src, test.limit)
		n, err := r.Next()
		if code := qerrors.CodeOf(err); code != test.want {
			t.Errorf("limit %d: a frame of %d bytes: %v, want %v", test.limit, test.size, err, test.want)
		}
		if err == nil && uint64(n) != test.size {
			t.Errorf("limit %d: Next returned %d, want %d", test.limit, n, test.size)
		}
		if src.reads != len(length) {
			t.Errorf("limit %d: %d bytes were read for a length of %d", test.limit, src.reads, len(length))
		}
		if err != nil && r.HoldsBuffer() {
			t.Errorf("limit %d: the reader kept its buffer after it refused a frame", test.limit)
		}
		r.Release()
	}
}

func TestSetLimit(t *testing.T) {
	stream := append(frameOf(t, 20000), frameOf(t, 20000)...)
	r := wire.NewReader(&source{data: stream}, wire.MaxControlFrame)
	r.SetLimit(20000)
	if _, err := next(r); err != nil {
		t.Fatal(err)
	}
	r.SetLimit(wire.MaxControlFrame)
	if _, err := next(r); qerrors.CodeOf(err) != qerrors.FrameTooLarge {
		t.Errorf("the second frame: %v, want %v", err, qerrors.FrameTooLarge)
	}
}

// TestAnnouncedMemory: a length alone costs nothing.
func TestAnnouncedMemory(t *testing.T) {
	stream := append(protowire.AppendVarint(nil, 1<<30), make([]byte, 100<<10)...)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	r := wire.NewReader(&source{data: stream, step: 1000}, 1<<30)
	if _, err := next(r); err != io.ErrUnexpectedEOF {
		t.Fatalf("reading a tenth of a frame: %v", err)
	}
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 2<<20 {
		t.Errorf("100 KiB of an announced GiB cost %d bytes", used)
	}
}

func TestMalformed(t *testing.T) {
	frame := func(body string) []byte {
		return append(protowire.AppendVarint(nil, uint64(len(body))), body...)
	}
	for name, stream := range map[string][]byte{
		"a length without an end":  bytes.Repeat([]byte{0xff}, 20),
		"a length of ten bytes":    append(bytes.Repeat([]byte{0xff}, 9), 0x02),
		"a cut field":              frame("\x42"),
		"a field beyond the frame": frame("\x42\x05a"),
		"field number 0":           frame("\x02\x00"),
		"text that is not UTF-8":   frame("\x42\x03\x0a\x01\xff"),
	} {
		for _, step := range []int{0, 1} {
			r := wire.NewReader(&source{data: stream, step: step}, noLimit)
			if _, err := next(r); qerrors.CodeOf(err) != qerrors.ProtocolViolation {
				t.Errorf("%s: %v, want %v", name, err, qerrors.ProtocolViolation)
			}
			r.Release()
		}
	}
}
