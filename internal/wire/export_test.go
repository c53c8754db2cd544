package wire

// BufferSize is the size of a reader's buffer.
const BufferSize = bufferSize

// HoldsBuffer reports whether r has a buffer at the moment.
func (r *Reader) HoldsBuffer() bool { return r.buf != nil }
