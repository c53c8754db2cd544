package eventlog

// NewSized is New with another size.
func NewSized(received func() uint64, size int) *Log { return newLog(received, size) }
