package wire

import (
	"errors"
	"io"
	"sync"

	"google.golang.org/protobuf/encoding/protowire"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// Source is the receiving end of a stream. Peek fills b without consuming
// anything and blocks until it is full; at the end of the stream it returns
// io.EOF. It is an alias so that a transport can satisfy it without this package.
type Source = interface {
	io.Reader
	Peek(b []byte) (int, error)
}

const bufferSize = 32 << 10

var buffers = sync.Pool{New: func() any { return new([bufferSize]byte) }}

// Reader reads the frames of one stream. While it waits for a frame to begin it
// holds no buffer, so an idle connection costs none. It is for one goroutine.
type Reader struct {
	src   Source
	limit int
	base  IDBase

	buf  *[bufferSize]byte // nil while nothing is buffered
	r, w int               // buf[r:w] is read and not yet consumed

	reads int // from src

	first [1]byte // to peek into: a local one would be allocated for each frame
}

// NewReader returns a reader of src that refuses frames over limit bytes, and leaves the
// ids of messages that have none empty.
func NewReader(src Source, limit int) *Reader {
	return &Reader{src: src, limit: limit}
}

// SetLimit changes the limit for the frames that follow.
func (r *Reader) SetLimit(limit int) { r.limit = limit }

// SetIDBase makes ids for the messages that have none, from now on.
func (r *Reader) SetIDBase(base IDBase) { r.base = base }

// Reads returns how often something was read from the source: while it does not
// change, frames come from the buffer.
func (r *Reader) Reads() int { return r.reads }

// Ready reports whether a whole frame is buffered, so that [Reader.Next] and
// [Reader.Read] will not wait.
func (r *Reader) Ready() bool {
	if r.buf == nil {
		return false
	}
	size, n := protowire.ConsumeVarint(r.buf[r.r:r.w])
	return n > 0 && size <= uint64(r.w-r.r-n)
}

// Empty reports whether nothing is buffered.
func (r *Reader) Empty() bool { return r.buf == nil }

// Next waits for the next frame and returns the length of its body, which
// [Reader.Read] has to be called with. The length is checked against the limit
// before any of the body is read. At the end of the stream between two frames
// the error is io.EOF, within a frame io.ErrUnexpectedEOF.
func (r *Reader) Next() (int, error) {
	if r.buf == nil {
		if _, err := r.src.Peek(r.first[:]); err != nil {
			// Peek only looks. A stream of QUIC is over, and the peer may open another one,
			// when its end was read.
			_, _ = r.src.Read(r.first[:])
			return 0, err
		}
		r.buf = buffers.Get().(*[bufferSize]byte)
	}
	for {
		size, n := protowire.ConsumeVarint(r.buf[r.r:r.w])
		switch {
		case n > 0 && size > uint64(r.limit):
			r.Release()
			return 0, qerrors.New(qerrors.FrameTooLarge, "a frame of %d bytes is over the limit of %d", size, r.limit)
		case n > 0:
			r.r += n
			return int(size), nil
		case r.w-r.r >= maxVarint:
			r.Release()
			return 0, qerrors.New(qerrors.ProtocolViolation, "the length of a frame is not a varint")
		}
		if err := r.fill(); err != nil {
			return 0, err
		}
	}
}

// A varint has at most ten bytes; after that many without an end it is malformed.
const maxVarint = 10

// Lead returns the first byte of the body that [Reader.Next] announced, by which
// its kind can be told before the rest is read.
func (r *Reader) Lead() (byte, error) {
	for r.w == r.r {
		if err := r.fill(); err != nil {
			return 0, err
		}
	}
	return r.buf[r.r], nil
}

// Read decodes the body of n bytes that [Reader.Next] announced into f. What f
// refers to afterwards is its own memory.
func (r *Reader) Read(n int, f *protocol.Frame) error {
	if n > bufferSize {
		return r.readLong(n, f)
	}
	for r.w-r.r < n {
		if err := r.fill(); err != nil {
			return err
		}
	}
	err := decode(r.buf[r.r:r.r+n], f, r.base, false)
	r.r += n
	if r.r == r.w {
		r.Release()
	}
	return err
}

// grows is by how much the memory of a long body grows at once.
const grows = 16

// readLong reads a body that does not fit the buffer. The memory grows with what
// arrives, not with what was announced: a length alone must not cost anything.
func (r *Reader) readLong(n int, f *protocol.Frame) error {
	body := make([]byte, 0, min(n, 2*bufferSize))
	body = append(body, r.buf[r.r:r.w]...)
	r.Release()
	for len(body) < n {
		if len(body) == cap(body) {
			body = append(make([]byte, 0, min(n, grows*cap(body))), body...)
		}
		end := min(n, cap(body))
		got, err := r.src.Read(body[len(body):end])
		r.reads++
		body = body[:len(body)+got]
		if err != nil && len(body) < n {
			return inFrame(err)
		}
	}
	return decode(body, f, r.base, true)
}

// fill reads more into the buffer, after moving what is left to its beginning.
func (r *Reader) fill() error {
	if r.r > 0 {
		r.w = copy(r.buf[:], r.buf[r.r:r.w])
		r.r = 0
	}
	n, err := r.src.Read(r.buf[r.w:])
	r.w += n
	r.reads++
	if n == 0 && err != nil {
		r.Release()
		return inFrame(err)
	}
	return nil
}

// Release gives the buffer back. What was buffered is lost: the reader can only
// be used at a frame's beginning afterwards.
func (r *Reader) Release() {
	if r.buf != nil {
		buffers.Put(r.buf)
		r.buf, r.r, r.w = nil, 0, 0
	}
}

func inFrame(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
