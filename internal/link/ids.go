package link

import (
	"encoding/binary"
	"math/rand/v2"
	"time"
)

// newID returns a message id: a UUID of version 7 (RFC 9562, section 5.7) of a
// message that is sent now. Ids sort by time, to the 244 ns that the twelve bits
// behind the milliseconds can tell apart (section 6.2, method 3). The rest is
// random, from the runtime's ChaCha8: an id has to be unique, not secret, and a
// call of the system's generator for each costs as much as the rest of a send.
func newID(now time.Time) string {
	var id [16]byte
	fraction := uint64(now.Nanosecond()%1e6) * (1 << 12) / 1e6
	binary.BigEndian.PutUint64(id[:8], uint64(now.UnixMilli())<<16|version7|fraction)
	binary.BigEndian.PutUint64(id[8:], variant|rand.Uint64()>>2)
	var text [36]byte
	at := 0
	for i, b := range id {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			text[at] = '-'
			at++
		}
		text[at], text[at+1] = digits[b>>4], digits[b&15]
		at += 2
	}
	return string(text[:])
}

const digits = "0123456789abcdef"

const (
	version7 = 7 << 12
	variant  = 0b10 << 62
)
