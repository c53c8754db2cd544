package link

import (
	"context"
	"io"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/voilet/QuicFlow/internal/wire"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/monitoring"
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

// outbox is what waits to be sent on one connection. Appending never writes: the
// first append to a quiet lane starts its flusher, which lets everyone who is
// ready append too, writes all of it at once, and ends when there is no more. So
// many small frames share a packet, and an idle connection has no goroutine.
//
// Each lane has its own flusher, because a write blocks while the peer does not
// read that lane, and acknowledgements must never wait behind data.
type outbox struct {
	conn    Conn
	wg      *sync.WaitGroup
	metrics *monitoring.Metrics

	ackFull atomic.Bool // answers.used has reached its limit

	mu        sync.Mutex
	lanes     [numLanes]lane
	largeData largeQueue
	largeAcks largeQueue
	data      budget // data frames
	answers   budget // acknowledgements and control frames
	dataSent  uint64 // data frames accepted in all
	acksSent  uint64 // acknowledgements accepted in all
}

// lane is one stream. Its flusher alone uses stream; the outbox's mutex guards
// the rest.
type lane struct {
	buf      []byte // frames that wait; nil while there are none
	silent   int    // those of them that nobody waits for an acknowledgement of
	flushing bool
	stream   io.WriteCloser // opened when first used
}

// budget bounds the bytes that wait.
type budget struct {
	limit  int
	used   int
	freed  chan struct{} // closed when used has fallen; nil while nobody waits
	closed error         // set once: nothing more is accepted
}

// parcel is one data message on its way to the peer.
type parcel struct {
	msg   *protocol.DataMessage // encoded into the lane, unless there is a frame
	frame []byte                // already encoded: large, or shared by a broadcast
	size  int                   // of the frame's body
	lane  class
	ask   bool // somebody waits for the acknowledgement
}

func (o *outbox) init(conn Conn, wg *sync.WaitGroup, cfg *Config) {
	o.conn, o.wg, o.metrics = conn, wg, cfg.Metrics
	o.data.limit, o.answers.limit = cfg.MaxQueueBytes, cfg.MaxQueueBytes
}

// put accepts a parcel. While the queue is full it waits as long as w says; with
// a nil w it fails at once with QueueFull. An error means that nothing was sent.
func (o *outbox) put(w *Wait, p *parcel) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if err := o.room(w, &o.data); err != nil {
		return err
	}
	silent := 1
	if p.ask {
		silent = 0
	}
	o.dataSent++
	if p.size > wire.LargeFrame {
		o.addLarge(&o.largeData, &o.data, largeFrame{p.frame, p.lane.urgency() + 1, silent})
		return nil
	}
	l := &o.lanes[p.lane]
	buf := o.buffer(l)
	before := len(buf)
	if p.frame != nil {
		buf = append(buf, p.frame...)
	} else if next, err := wire.AppendData(buf, p.msg, p.size); err != nil {
		o.dataSent--
		return err
	} else {
		buf = next
	}
	l.silent += silent
	o.data.used += len(buf) - before
	o.kick(p.lane, buf)
	return nil
}

// ack accepts an acknowledgement. It never waits: the readers do, so that a peer
// which does not read its acknowledgements is not served more requests.
func (o *outbox) ack(a *protocol.AckMessage) error {
	size := wire.AckSize(a)
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.answers.closed != nil {
		return o.answers.closed
	}
	if size > wire.LargeFrame {
		frame, err := wire.AppendAck(nil, a, size)
		if err != nil {
			return err
		}
		o.addLarge(&o.largeAcks, &o.answers, largeFrame{frame, acks.urgency() + 1, 0})
	} else {
		buf := o.buffer(&o.lanes[acks])
		before := len(buf)
		buf, err := wire.AppendAck(buf, a, size)
		if err != nil {
			return err
		}
		o.answers.used += len(buf) - before
		o.kick(acks, buf)
	}
	o.acksSent++
	o.ackFull.Store(o.answers.used >= o.answers.limit)
	return nil
}

// control accepts a control frame.
func (o *outbox) control(f *protocol.Frame) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.answers.closed != nil {
		return
	}
	buf := o.buffer(&o.lanes[control])
	before := len(buf)
	buf, err := wire.AppendFrame(buf, f)
	if err != nil {
		return // only text that is not UTF-8, which the callers have checked
	}
	o.answers.used += len(buf) - before
	o.ackFull.Store(o.answers.used >= o.answers.limit)
	o.kick(control, buf)
}

// answerRoom waits until the peer has taken enough of the answers that wait for it.
func (o *outbox) answerRoom(ctx context.Context) error {
	if !o.ackFull.Load() {
		return nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.room(&Wait{derived: ctx}, &o.answers)
}

// room waits until b has room for more. It is called, and returns, with mu held.
func (o *outbox) room(w *Wait, b *budget) error {
	for {
		switch {
		case b.closed != nil:
			return b.closed
		case b.used < b.limit:
			return nil
		case w == nil:
			return qerrors.New(qerrors.QueueFull, "%d bytes wait to be sent to this peer already", b.used)
		}
		if b.freed == nil {
			b.freed = make(chan struct{})
		}
		freed, ctx := b.freed, w.Context()
		o.mu.Unlock()
		select {
		case <-freed:
			o.mu.Lock()
		case <-ctx.Done():
			o.mu.Lock()
			return qerrors.FromContext(context.Cause(ctx))
		}
	}
}

// release gives n bytes back and wakes who waits for them.
func (b *budget) release(n int) {
	b.used -= n
	if b.freed != nil && (b.used <= b.limit/2 || b.closed != nil) {
		close(b.freed)
		b.freed = nil
	}
}

func (b *budget) close(err error) {
	if b.closed == nil {
		b.closed = err
	}
	b.release(0)
}

// buffer returns what waits on l, or an empty buffer.
func (o *outbox) buffer(l *lane) []byte {
	if l.buf == nil {
		return getBuffer()
	}
	return l.buf
}

// kick stores the lane's buffer and makes sure that somebody flushes it.
func (o *outbox) kick(c class, buf []byte) {
	l := &o.lanes[c]
	l.buf = buf
	if !l.flushing {
		l.flushing = true
		o.wg.Go(func() { o.flush(c) })
	}
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
		err := o.write(l, c, buf)
		o.mu.Lock()
		o.budgetOf(c).release(len(buf))
		o.ackFull.Store(o.answers.used >= o.answers.limit)
		o.mu.Unlock()
		putBuffer(buf)
		if err != nil {
			o.lost(silent)
			return
		}
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

func (o *outbox) budgetOf(c class) *budget {
	if c == control || c == acks {
		return &o.answers
	}
	return &o.data
}

func (o *outbox) write(l *lane, c class, buf []byte) (err error) {
	if l.stream == nil {
		if l.stream, err = o.conn.Open(o.conn.Context(), c.urgency()); err != nil {
			return err
		}
	}
	if _, err = l.stream.Write(buf); err != nil {
		// Either the connection has ended, and this changes nothing, or the peer
		// has cancelled a lane, which it may not.
		o.conn.Close(qerrors.ProtocolViolation, "a lane was cancelled")
	}
	return err
}

// lost counts data messages that nobody waits for and that were not sent.
func (o *outbox) lost(silent int) {
	if silent > 0 {
		o.metrics.Dropped.Add(qerrors.ConnectionLost, uint64(silent))
	}
}

// refuse makes put fail with err from now on, and returns how many data messages
// were accepted before.
func (o *outbox) refuse(err error) (dataSent uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.data.close(err)
	return o.dataSent
}

// sentAcks returns how many acknowledgements were accepted.
func (o *outbox) sentAcks() uint64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.acksSent
}

// fail throws away what waits, after the connection has ended. No flusher is
// started afterwards.
func (o *outbox) fail(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.data.closed = err // in the place of an earlier refusal
	o.data.close(err)
	o.answers.close(err)
	silent := 0
	for i := range o.lanes {
		l := &o.lanes[i]
		silent += l.silent
		if l.buf != nil {
			putBuffer(l.buf)
		}
		l.buf, l.silent = nil, 0
	}
	for _, f := range o.largeData.waiting {
		silent += f.silent
	}
	o.largeData.waiting, o.largeAcks.waiting = nil, nil
	o.lost(silent)
}
