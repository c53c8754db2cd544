package wire

// BufferSize is the size of a reader's buffer.
const BufferSize = bufferSize

// HoldsBuffer reports whether r has a buffer at the moment.
func (r *Reader) HoldsBuffer() bool { return r.buf != nil }

// BodySize and InnerSize are those of a frame's body, and of what is in it.
func BodySize(n int) int     { return bodySize(n) }
func InnerSize(body int) int { return innerSize(body) }
