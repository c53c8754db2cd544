package quicnet

import (
	"encoding/binary"
	"net"

	"golang.org/x/net/ipv4"
	"golang.org/x/sys/unix"
)

// coalesced is a UDP socket from which datagrams are read that the kernel has put together:
// what one sender has sent in one call, or what came for one connection right behind each
// other (UDP_GRO, udp(7)). The kernel would have to take them apart again, which costs more
// than to copy them here, and each would cost a part of a system call. quic-go sends in this
// way and does not read so (quic-go#3838), but asks its socket for several datagrams at once.
//
// ReadBatch is for one goroutine.
type coalesced struct {
	*net.UDPConn
	pc       *ipv4.PacketConn
	atOnce   int            // how many messages there may be
	messages []ipv4.Message // to read into; twice as many when all were needed
	read     int            // how many of them were read
	next     int            // of those, the first that is not taken
	at       int            // what of its bytes is taken
	segment  int            // the length of its datagrams, but for the last; 0 while it was not looked at
	oob      []byte         // of each of its datagrams
}

// How large what is read at once may be: what the kernel puts together, and what it says
// about it, which is the length of the datagrams beside what quic-go has room for.
const (
	maxCoalesced = 64 << 10
	maxOOB       = 128 + 32
)

// coalesce returns pc, read in such a way if the kernel can; up to so many at once.
func coalesce(pc net.PacketConn, atOnce int) net.PacketConn {
	udp, ok := pc.(*net.UDPConn)
	if !ok {
		return pc
	}
	raw, err := udp.SyscallConn()
	if err != nil {
		return pc
	}
	var failed error
	if err := raw.Control(func(fd uintptr) {
		failed = unix.SetsockoptInt(int(fd), unix.IPPROTO_UDP, unix.UDP_GRO, 1)
	}); err != nil || failed != nil { // before Linux 5.0
		return pc
	}
	return &coalesced{UDPConn: udp, pc: ipv4.NewPacketConn(udp), atOnce: atOnce}
}

// grow makes room for the next read: little for who has little to read, because a client
// has a socket of its own, and another one for each attempt to connect.
func (c *coalesced) grow() {
	if c.read < len(c.messages) {
		return
	}
	for range min(max(len(c.messages), 1), c.atOnce-len(c.messages)) {
		c.messages = append(c.messages, ipv4.Message{Buffers: [][]byte{make([]byte, maxCoalesced)}, OOB: make([]byte, maxOOB)})
	}
}

// ReadBatch reads one datagram into each of ms, until there are no more.
func (c *coalesced) ReadBatch(ms []ipv4.Message, flags int) (n int, err error) {
	if c.next == c.read {
		c.grow()
		c.next = 0
		if c.read, err = c.pc.ReadBatch(c.messages, flags); err != nil {
			c.read = 0
			return 0, err
		}
	}
	for n < len(ms) && c.next < c.read {
		c.take(&ms[n])
		n++
	}
	return n, nil
}

// take takes one datagram out of those that were read.
func (c *coalesced) take(m *ipv4.Message) {
	from := &c.messages[c.next]
	if c.segment == 0 {
		c.segment, c.oob = segments(from)
	}
	datagram := from.Buffers[0][c.at:min(c.at+c.segment, from.N)]
	m.N = copy(m.Buffers[0], datagram)
	m.NN = copy(m.OOB, c.oob)
	m.Addr, m.Flags = from.Addr, from.Flags
	if c.at += c.segment; c.at >= from.N {
		c.next++
		c.at, c.segment = 0, 0
	}
}

// segments returns how long the datagrams in m are, and what else the kernel says about
// each of them.
func segments(m *ipv4.Message) (length int, oob []byte) {
	oob = m.OOB[:m.NN]
	for at := 0; at < len(oob); {
		header, data, rest, err := unix.ParseOneSocketControlMessage(oob[at:])
		if err != nil {
			break
		}
		if header.Level == unix.IPPROTO_UDP && header.Type == unix.UDP_GRO && len(data) >= 4 {
			if length = int(int32(binary.NativeEndian.Uint32(data))); length > 0 {
				return length, append(oob[:at], rest...)
			}
		}
		at = len(oob) - len(rest)
	}
	return max(m.N, 1), oob // one alone, or an empty one
}
