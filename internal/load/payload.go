package load

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
)

// HeaderSize is how many bytes of a payload the stream and the number take.
const HeaderSize = 16

// stream is where the payloads of one sender are numbered, from 0 on.
type stream struct {
	payload []byte
	next    uint64
}

// newStream returns one of the streams of a run.
func newStream(run uint32, n, size int) *stream {
	s := &stream{payload: make([]byte, size)}
	binary.BigEndian.PutUint64(s.payload, uint64(run)<<32|uint64(uint32(n)))
	return s
}

// runOf returns the run that a stream belongs to.
func runOf(stream uint64) uint32 { return uint32(stream >> 32) }

// take returns the next payload, which is valid until the next call.
func (s *stream) take() []byte {
	binary.BigEndian.PutUint64(s.payload[8:], s.next)
	s.next++
	return s.payload
}

// header returns the stream and the number that are in a payload, if it has them.
func header(payload []byte) (stream, number uint64, ok bool) {
	if len(payload) < HeaderSize {
		return 0, 0, false
	}
	return binary.BigEndian.Uint64(payload), binary.BigEndian.Uint64(payload[8:]), true
}

// newRun returns a number that tells the payloads and clients of one run from
// those of all others.
func newRun() uint32 { return rand.Uint32() }

// clientName returns the name of a client of a run.
func clientName(run uint32, n int) string { return fmt.Sprintf("bench-%08x-%d", run, n) }
