package wire_test

import (
	"errors"
	"io"
	"testing"

	"github.com/voilet/QuicFlow/internal/wire"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// TestEnd cuts a stream of two frames at every byte: only between frames is it an
// end in order.
func TestEnd(t *testing.T) {
	first := encode(t, nil, data(&protocol.DataMessage{MsgId: "1", Payload: make([]byte, 200)}))
	stream := encode(t, first, ack(&protocol.AckMessage{MsgId: "1"}))
	for cut := range len(stream) + 1 {
		want, frames := io.ErrUnexpectedEOF, 0
		if cut == 0 || cut == len(first) || cut == len(stream) {
			want = io.EOF
		}
		if cut >= len(first) {
			frames++
		}
		if cut == len(stream) {
			frames++
		}
		for _, src := range []*source{
			{data: stream[:cut]}, {data: stream[:cut], eager: true}, {data: stream[:cut], step: 1},
		} {
			r := wire.NewReader(src, noLimit)
			read := 0
			_, err := next(r)
			for ; err == nil; _, err = next(r) {
				read++
			}
			if err != want || read != frames {
				t.Errorf("cut after %d bytes: %d frames, then %v; want %d, then %v", cut, read, err, frames, want)
			}
			if r.HoldsBuffer() {
				t.Errorf("cut after %d bytes: the reader kept its buffer", cut)
			}
		}
	}
}

// TestEndOfLongFrame does the same for a frame that does not fit the buffer.
func TestEndOfLongFrame(t *testing.T) {
	stream := frameOf(t, 3*wire.BufferSize)
	for _, cut := range []int{3, wire.BufferSize, 2 * wire.BufferSize, len(stream) - 1, len(stream)} {
		for _, eager := range []bool{false, true} {
			_, err := next(wire.NewReader(&source{data: stream[:cut], step: 1000, eager: eager}, noLimit))
			want := io.ErrUnexpectedEOF
			if cut == len(stream) {
				want = nil
			}
			if err != want {
				t.Errorf("cut after %d of %d bytes: %v, want %v", cut, len(stream), err, want)
			}
		}
	}
}

// TestSourceFails: what the stream says about its end reaches the caller.
func TestSourceFails(t *testing.T) {
	reset := errors.New("stream reset")
	short := encode(t, nil, ack(&protocol.AckMessage{MsgId: "1"}))
	long := frameOf(t, 2*wire.BufferSize)
	for name, stream := range map[string][]byte{
		"before a frame": nil, "in the length": long[:2], "in a frame": short[:4], "in a long frame": long[:wire.BufferSize+1],
	} {
		if _, err := next(wire.NewReader(&source{data: stream, end: reset}, noLimit)); err != reset {
			t.Errorf("%s: %v, want %v", name, err, reset)
		}
	}
}

// TestWaitsWithoutBuffer: a stream on which nothing happens costs no buffer.
func TestWaitsWithoutBuffer(t *testing.T) {
	var stream []byte
	for _, size := range []int{10, wire.BufferSize, 2 * wire.BufferSize, 100} {
		stream = append(stream, frameOf(t, size)...)
	}
	src := &source{data: stream, step: 1}
	r := wire.NewReader(src, noLimit)
	waits := 0
	src.waiting = func() {
		waits++
		if r.HoldsBuffer() {
			t.Error("the reader waits for a frame and holds a buffer")
		}
	}
	if frames, err := readAll(r); len(frames) != 4 || err != nil {
		t.Fatalf("read %d frames, then %v", len(frames), err)
	}
	if waits != 5 {
		t.Errorf("the reader waited %d times, want 5", waits)
	}
}

func TestRelease(t *testing.T) {
	r := wire.NewReader(&source{data: frameOf(t, 100), step: 10}, noLimit)
	if _, err := r.Next(); err != nil {
		t.Fatal(err)
	}
	if !r.HoldsBuffer() {
		t.Fatal("the reader has no buffer in the middle of a frame")
	}
	r.Release()
	if r.HoldsBuffer() {
		t.Error("Release did not release")
	}
	r.Release()
}

// TestReads: frames that arrive together cost one read.
func TestReads(t *testing.T) {
	var stream []byte
	for range 20 {
		stream = append(stream, frameOf(t, 100)...)
	}
	r := wire.NewReader(&source{data: stream}, noLimit)
	for i := range 20 {
		if _, err := next(r); err != nil {
			t.Fatal(err)
		}
		if r.Reads() != 1 {
			t.Fatalf("%d reads for %d frames that arrived together", r.Reads(), i+1)
		}
	}
}

// TestLead: the kind of a frame is known before its body has come.
func TestLead(t *testing.T) {
	for _, test := range []struct {
		frame *protocol.Frame
		ack   bool
	}{
		{data(&protocol.DataMessage{Payload: make([]byte, wire.LargeFrame)}), false},
		{ack(&protocol.AckMessage{Result: make([]byte, wire.LargeFrame)}), true},
		{&protocol.Frame{Kind: &protocol.Frame_Ping{Ping: &protocol.Ping{Sequence: 1}}}, false},
	} {
		stream := encode(t, nil, test.frame)
		for _, step := range []int{0, 1} {
			r := wire.NewReader(&source{data: stream, step: step}, noLimit)
			n, err := r.Next()
			if err != nil {
				t.Fatal(err)
			}
			lead, err := r.Lead()
			if err != nil || wire.LeadsAck(lead) != test.ack {
				t.Errorf("%T: Lead returned %#x, %v; is an ack: %v, want %v", test.frame.Kind, lead, err, wire.LeadsAck(lead), test.ack)
			}
			var f protocol.Frame
			if err := r.Read(n, &f); err != nil {
				t.Fatal(err)
			}
			sameFrames(t, []*protocol.Frame{&f}, []*protocol.Frame{test.frame})
		}
	}
	r := wire.NewReader(&source{data: []byte{5}}, noLimit)
	if _, err := r.Next(); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Lead(); err != io.ErrUnexpectedEOF {
		t.Errorf("Lead at the end of the stream: %v, want %v", err, io.ErrUnexpectedEOF)
	}
}
