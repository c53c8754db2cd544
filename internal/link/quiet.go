package link

import "github.com/voilet/QuicFlow/internal/wire"

// quiet is how the peer's first stream is waited for, which has a heartbeat now and then:
// on a goroutine whose stack has not grown, since who handles a frame needs one of 4 KiB,
// and each connection would keep it. The other streams have a goroutine that stays, as
// that is faster.
type quiet struct {
	source wire.Source // nil if the reader waits itself
	came   bool        // something has come
	first  [1]byte     // to peek into
}

// begin starts to read.
func (s *stream) begin() {
	if s.r.Empty() {
		go s.await()
	} else {
		go s.read()
	}
}

// rests reports whether another goroutine waits for more to come, and goes on then. Within
// a frame it does not: what has come may be no frame already.
func (s *stream) rests() bool {
	if s.quiet.source == nil || s.quiet.came || !s.r.Empty() {
		s.quiet.came = false
		return false
	}
	go s.await()
	return true
}

func (s *stream) await() {
	_, _ = s.quiet.source.Peek(s.quiet.first[:]) // the reader finds the error as well
	s.quiet.came = true
	go s.read()
}
