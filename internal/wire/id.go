package wire

import "encoding/binary"

// IDBase is what the ids of one side's messages are made of, beside the number and the
// time of each. 0 stands for none.
type IDBase uint64

// IDBytes is the length of such an id.
const IDBytes = 36

// ID returns the id of a message that travels without one.
func (b IDBase) ID(timestamp int64, number uint64) string {
	var text [IDBytes]byte
	b.write(&text, timestamp, number)
	return string(text[:])
}

// write writes a UUID of version 7 (RFC 9562, section 5.7): the milliseconds, the lowest
// twelve bits of the number, so that the ids of a millisecond sort (section 6.2, method 1),
// and the sum of the base and of the rest of the number. Those of one base differ, whatever
// the clock does.
func (b IDBase) write(text *[IDBytes]byte, timestamp int64, number uint64) {
	var id [16]byte
	binary.BigEndian.PutUint64(id[:8], uint64(timestamp)<<16|version7|number&0xfff)
	binary.BigEndian.PutUint64(id[8:], variant|(uint64(b)+number>>12)&(1<<62-1))
	at := 0
	for i, c := range id {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			text[at] = '-'
			at++
		}
		text[at], text[at+1] = digits[c>>4], digits[c&15]
		at += 2
	}
}

const digits = "0123456789abcdef"

const (
	version7 = 7 << 12
	variant  = 0b10 << 62
)
