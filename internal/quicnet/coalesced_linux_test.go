package quicnet

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/net/ipv4"
	"golang.org/x/sys/unix"
)

// TestCoalesced: datagrams that were sent together, and by several senders in turn, come one
// by one, each whole, from whom it is from, and with what the kernel says about it, however
// many are asked for at once.
func TestCoalesced(t *testing.T) {
	for _, n := range []int{1, 3, 8} {
		t.Run(fmt.Sprint(n, " at once"), func(t *testing.T) {
			socket := reader(t)
			var senders []*net.UDPConn
			for range 3 {
				senders = append(senders, sender(t, socket))
			}
			want := map[string][]string{}
			number := byte(0)
			send := func(from *net.UDPConn, size, count, last int) {
				var together []byte
				add := func(n int) {
					number++
					datagram := bytes.Repeat([]byte{number}, n)
					want[from.LocalAddr().String()] = append(want[from.LocalAddr().String()], string(datagram))
					together = append(together, datagram...)
				}
				for range count {
					add(size)
				}
				if last > 0 {
					add(last)
				}
				if _, _, err := from.WriteMsgUDP(together, segmented(size), nil); err != nil {
					t.Fatal(err)
				}
			}
			for round, from := range append(senders, senders...) {
				send(from, 1200, 5, 17)
				send(from, 1452, 1, 0)
				send(from, 100+round, 20, 0)
			}
			got := map[string][]string{}
			for left := int(number); left > 0; {
				for _, m := range readBatch(t, socket, n) {
					got[m.Addr.String()] = append(got[m.Addr.String()], string(m.Buffers[0][:m.N]))
					if !saysTOS(m.OOB[:m.NN]) {
						t.Fatalf("what the kernel says of a datagram is %x", m.OOB[:m.NN])
					}
					left--
				}
			}
			for from, datagrams := range want {
				if fmt.Sprint(got[from]) != fmt.Sprint(datagrams) {
					t.Errorf("of %s came %d datagrams, which are not the %d that were sent", from, len(got[from]), len(datagrams))
				}
			}
		})
	}
}

// TestCoalescedEmpty: an empty datagram is one.
func TestCoalescedEmpty(t *testing.T) {
	socket := reader(t)
	from := sender(t, socket)
	for _, text := range []string{"", "a", ""} {
		if _, err := from.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
		got := readBatch(t, socket, 8)
		if len(got) != 1 || string(got[0].Buffers[0][:got[0].N]) != text {
			t.Errorf("%q came as %v", text, got)
		}
	}
}

// TestCoalescedWithTimestamps: what the owner of a socket wants to be told as well, which
// the kernel puts first, hides nothing.
func TestCoalescedWithTimestamps(t *testing.T) {
	socket := reader(t)
	tell(t, socket.UDPConn, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS)
	if _, _, err := sender(t, socket).WriteMsgUDP(make([]byte, 3000), segmented(1000), nil); err != nil {
		t.Fatal(err)
	}
	got := readBatch(t, socket, 8)
	if len(got) != 3 {
		t.Fatalf("3 datagrams came as %d", len(got))
	}
	for _, m := range got {
		header, _, rest, err := unix.ParseOneSocketControlMessage(m.OOB[:m.NN])
		if m.N != 1000 || err != nil || header.Type != unix.SO_TIMESTAMPNS || !saysTOS(rest) {
			t.Errorf("%d bytes came, of which the kernel says %x", m.N, m.OOB[:m.NN])
		}
	}
}

// TestCoalescedGrows: who has little to read has little memory for it.
func TestCoalescedGrows(t *testing.T) {
	socket := reader(t)
	from := sender(t, socket)
	for range 20 {
		if _, err := from.Write([]byte("a")); err != nil {
			t.Fatal(err)
		}
		readBatch(t, socket, 8)
	}
	if n := len(socket.messages); n > 2 { // one, and another since it was full
		t.Errorf("there is room for %d", n)
	}
	for range 4 * atOnce {
		if _, err := from.Write([]byte("a")); err != nil {
			t.Fatal(err)
		}
	}
	for left := 4 * atOnce; left > 0; {
		left -= len(readBatch(t, socket, 8))
	}
	if n := len(socket.messages); n != atOnce {
		t.Errorf("there is room for %d, want %d", n, atOnce)
	}
}

// TestCoalescedEnds: a socket that is closed says so.
func TestCoalescedEnds(t *testing.T) {
	socket := reader(t)
	if err := socket.Close(); err != nil {
		t.Fatal(err)
	}
	if n, err := socket.ReadBatch(batch(8), 0); n != 0 || err == nil {
		t.Errorf("read %d, %v", n, err)
	}
}

// TestNotCoalesced: what is no UDP socket stays as it is.
func TestNotCoalesced(t *testing.T) {
	if pc := (&net.IPConn{}); coalesce(pc, 2) != net.PacketConn(pc) {
		t.Error("a socket that is not UDP is read otherwise")
	}
}

const atOnce = 4

func reader(t *testing.T) *coalesced {
	pc, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pc.Close() })
	tell(t, pc.(*net.UDPConn), unix.IPPROTO_IP, unix.IP_RECVTOS) // as quic-go does
	socket, ok := coalesce(pc, atOnce).(*coalesced)
	if !ok {
		t.Skip("this kernel hands over one datagram at a time")
	}
	if err := socket.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return socket
}

// tell has the kernel say what an option is about, of each datagram.
func tell(t *testing.T, c *net.UDPConn, level, option int) {
	t.Helper()
	raw, err := c.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var failed error
	err = raw.Control(func(fd uintptr) { failed = unix.SetsockoptInt(int(fd), level, option, 1) })
	if err := errors.Join(err, failed); err != nil {
		t.Fatal(err)
	}
}

func sender(t *testing.T, to net.PacketConn) *net.UDPConn {
	c, err := net.DialUDP("udp4", nil, to.LocalAddr().(*net.UDPAddr))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// segmented has the kernel make datagrams of size bytes of what is written.
func segmented(size int) []byte {
	b := make([]byte, unix.CmsgSpace(2))
	header := (*unix.Cmsghdr)(unsafe.Pointer(&b[0]))
	header.Level, header.Type = unix.IPPROTO_UDP, unix.UDP_SEGMENT
	header.SetLen(unix.CmsgLen(2))
	binary.NativeEndian.PutUint16(b[unix.CmsgLen(0):], uint16(size))
	return b
}

func batch(n int) []ipv4.Message {
	ms := make([]ipv4.Message, n)
	for i := range ms {
		ms[i] = ipv4.Message{Buffers: [][]byte{make([]byte, 1452)}, OOB: make([]byte, 128)}
	}
	return ms
}

func readBatch(t *testing.T, socket *coalesced, atOnce int) []ipv4.Message {
	t.Helper()
	ms := batch(atOnce)
	n, err := socket.ReadBatch(ms, 0)
	if err != nil || n == 0 {
		t.Fatalf("read %d datagrams, %v", n, err)
	}
	return ms[:n]
}

// saysTOS reports whether the kernel says what the type of service of a datagram was, which
// quic-go takes the ECN bits from, and nothing of how many there were.
func saysTOS(oob []byte) bool {
	header, _, rest, err := unix.ParseOneSocketControlMessage(oob)
	return err == nil && header.Level == unix.IPPROTO_IP && header.Type == unix.IP_TOS && len(rest) == 0
}
