package link

import "sync"

// Buffers of lanes come from a pool, so that an idle connection has none. They grow
// as they are used, up to fullBuffer and the frame that fits in.
const (
	newBuffer  = 4 << 10
	fullBuffer = 256 << 10
	maxPooled  = 2 * fullBuffer
)

var bufferPool = sync.Pool{New: func() any { return new(make([]byte, 0, newBuffer)) }}

func getBuffer() []byte { return *bufferPool.Get().(*[]byte) }

func putBuffer(b []byte) {
	if cap(b) <= maxPooled {
		b = b[:0]
		bufferPool.Put(&b)
	}
}
