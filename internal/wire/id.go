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
	high := uint64(timestamp)<<16 | version7 | number&0xfff
	low := variant | (uint64(b)+number>>12)&(1<<62-1)
	middle, end := hex(uint32(high)), hex(uint32(low>>32))
	binary.BigEndian.PutUint64(text[0:], hex(uint32(high>>32)))
	text[8] = '-'
	binary.BigEndian.PutUint32(text[9:], uint32(middle>>32))
	text[13] = '-'
	binary.BigEndian.PutUint32(text[14:], uint32(middle))
	text[18] = '-'
	binary.BigEndian.PutUint32(text[19:], uint32(end>>32))
	text[23] = '-'
	binary.BigEndian.PutUint32(text[24:], uint32(end))
	binary.BigEndian.PutUint64(text[28:], hex(uint32(low)))
}

// hex returns the eight digits of v, all at once: an id is written for each message.
func hex(v uint32) uint64 {
	d := uint64(v)
	d = (d | d<<16) & 0x0000ffff0000ffff
	d = (d | d<<8) & 0x00ff00ff00ff00ff
	d = (d | d<<4) & 0x0f0f0f0f0f0f0f0f // a digit in each byte
	letters := (d + 0x0606060606060606) >> 4 & 0x0101010101010101
	return d + 0x3030303030303030 + letters*('a'-'0'-10)
}

const (
	version7 = 7 << 12
	variant  = 0b10 << 62
)
