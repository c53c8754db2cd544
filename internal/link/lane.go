package link

import (
	"io"
	"runtime"

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
	buf      []byte // frames that wait; nil while there are none
	silent   int    // those of them that nobody waits for an acknowledgement of
	flushing bool
	stream   io.WriteCloser // opened when first used
}

// flush writes what waits on a lane until nothing does.
func (o *outbox) flush(c class) {
	l := &o.lanes[c]
	runtime.Gosched() // let everyone who is ready append first
	for {
		buf, silent := o.take(l)
		if buf == nil {
			return
		}
		if err := o.write(l, c, buf); err != nil {
			o.lost(silent)
			return
		}
		putBuffer(buf)
	}
}

func (o *outbox) take(l *lane) (buf []byte, silent int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if l.buf == nil {
		l.flushing = false
		return nil, 0
	}
	buf, silent = l.buf, l.silent
	l.buf, l.silent = nil, 0
	return buf, silent
}

// maxWrite is how much is written at once, so that senders who wait for room get
// it as the transport takes what is before them.
const maxWrite = 256 << 10

func (o *outbox) write(l *lane, c class, buf []byte) (err error) {
	if l.stream == nil {
		if l.stream, err = o.conn.Open(o.conn.Context(), c.urgency()); err != nil {
			return err
		}
	}
	for len(buf) > 0 {
		n := min(len(buf), maxWrite)
		if _, err = l.stream.Write(buf[:n]); err != nil {
			// Either the connection has ended, and this changes nothing, or the peer
			// has cancelled a lane, which it may not.
			o.conn.Close(qerrors.ProtocolViolation, "a lane was cancelled")
			return err
		}
		buf = buf[n:]
		o.mu.Lock()
		o.free(c, n)
		o.mu.Unlock()
	}
	return nil
}

// lost counts data messages that nobody waits for and that were not sent.
func (o *outbox) lost(silent int) {
	if silent > 0 {
		o.metrics.Dropped.Add(qerrors.ConnectionLost, uint64(silent))
	}
}
