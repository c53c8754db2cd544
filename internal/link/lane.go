package link

import (
	"io"
	"runtime"
	"time"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// class is a lane: what travels on one stream.
type class int

const (
	control class = iota
	acks
	urgent
	normal
	bulk
	numLanes
)

func classOf(p protocol.Priority) class {
	switch p {
	case protocol.Priority_PRIORITY_URGENT:
		return urgent
	case protocol.Priority_PRIORITY_BULK:
		return bulk
	default:
		return normal
	}
}

// urgency leaves a step between the classes of data, for their large frames.
func (c class) urgency() int8 {
	return [numLanes]int8{control: 0, acks: 1, urgent: 2, normal: 4, bulk: 6}[c]
}

// lane is one stream. Its flusher alone uses stream; the outbox's mutex guards
// the rest.
type lane struct {
	full     [][]byte // frames that wait, before those in buf
	buf      []byte   // frames that wait; nil while there are none
	silent   int      // those of them that nobody waits for an acknowledgement of
	flushing bool
	stream   io.WriteCloser // opened when first used
}

// reserve returns the buffer that a frame of size bytes is to be appended to. One
// that would become large stays as it is, and is followed by another, so that
// nothing is moved again and again as more waits.
func (l *lane) reserve(size int) []byte {
	switch {
	case l.buf == nil:
		l.buf = getBuffer()
	case len(l.buf)+size > fullBuffer:
		l.full = append(l.full, l.buf)
		l.buf = getBuffer()
	}
	return l.buf
}

// unreserve is told that nothing was appended.
func (l *lane) unreserve(buf []byte) {
	if len(buf) == 0 {
		putBuffer(buf)
		l.buf = nil
		if last := len(l.full) - 1; last >= 0 {
			l.buf, l.full = l.full[last], l.full[:last]
		}
	}
}

// flush writes what waits on a lane until nothing does.
func (o *outbox) flush(c class) {
	l := &o.lanes[c]
	runtime.Gosched() // let everyone who is ready append first
	for {
		buf, silent := o.take(l)
		if buf == nil || !o.send(l, c, buf, silent) {
			return
		}
	}
}

// take returns what is to be written next. When there is nothing, it ends the
// flushing.
func (o *outbox) take(l *lane) (buf []byte, silent int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(l.full) > 0 {
		// Those whom nobody waits for are counted with the last buffer: a connection
		// that ends with some of this written and some not has lost them all for all
		// that is known.
		buf, l.full[0] = l.full[0], nil
		if l.full = l.full[1:]; len(l.full) == 0 {
			l.full = nil
		}
		return buf, 0
	}
	buf, silent = l.buf, l.silent
	l.buf, l.silent = nil, 0
	l.flushing = buf != nil
	return buf, silent
}

// handOn has the rest written by a flusher, or ends the flushing when there is none.
func (o *outbox) handOn(c class) {
	o.mu.Lock()
	defer o.mu.Unlock()
	l := &o.lanes[c]
	if l.flushing = l.buf != nil; l.flushing {
		o.wg.Go(func() { o.flush(c) })
	}
}

// send writes a buffer and gives it back. It reports whether the connection lives.
func (o *outbox) send(l *lane, c class, buf []byte, silent int) bool {
	if err := o.write(l, c, buf); err != nil {
		o.lost(silent)
		return false
	}
	o.mu.Lock()
	o.free(c, len(buf))
	o.mu.Unlock()
	putBuffer(buf)
	return true
}

func (o *outbox) write(l *lane, c class, buf []byte) (err error) {
	if l.stream == nil {
		if l.stream, err = o.open(c.urgency()); err != nil {
			return err
		}
	}
	if len(buf) < newBuffer {
		// Behind a write that waits more gathers, so this needs no clock; nor a deeper
		// stack, which would have to grow for each flusher.
		_, err = l.stream.Write(buf)
	} else {
		err = o.writeLong(l.stream, buf)
	}
	if err != nil {
		// Either the connection has ended, and this changes nothing, or the peer
		// has cancelled a lane, which it may not.
		o.conn.Close(qerrors.ProtocolViolation, "a lane was cancelled")
	}
	return err
}

// open opens a stream, and tells the peer that there is one to look for.
func (o *outbox) open(urgency int8) (io.WriteCloser, error) {
	stream, err := o.conn.Open(o.conn.Context(), urgency)
	if err == nil {
		o.control(&protocol.Frame{Kind: &protocol.Frame_Opened{Opened: &protocol.Opened{}}})
	}
	return stream, err
}

// slowWrite is how long a write takes that had to wait for the peer to read.
const slowWrite = time.Second

// writeLong writes what may have to wait. If it has, and goes on after all, then the peer
// reads, which is a sign of life: its pings may wait behind requests whose answers it has
// yet to read.
func (o *outbox) writeLong(stream io.Writer, buf []byte) error {
	begun := time.Now()
	_, err := stream.Write(buf)
	if err == nil && time.Since(begun) >= slowWrite {
		o.session.Touch(time.Now())
	}
	return err
}

// lost counts data messages that nobody waits for and that were not sent.
func (o *outbox) lost(silent int) {
	if silent > 0 {
		o.metrics.Dropped.Add(qerrors.ConnectionLost, uint64(silent))
		o.session.Dropped.Add(uint64(silent))
	}
}
