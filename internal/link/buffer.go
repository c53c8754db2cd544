package link

import "sync"

// Buffers of lanes come from a pool, so that an idle connection has none. One
// that has grown past maxPooled is left to the collector.
const (
	newBuffer = 4 << 10
	maxPooled = 256 << 10
)

var bufferPool = sync.Pool{New: func() any { return new(make([]byte, 0, newBuffer)) }}

func getBuffer() []byte { return *bufferPool.Get().(*[]byte) }

func putBuffer(b []byte) {
	if cap(b) <= maxPooled {
		b = b[:0]
		bufferPool.Put(&b)
	}
}
