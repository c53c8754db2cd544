package link

import (
	"errors"
	"sync"
	"sync/atomic"

	"github.com/voilet/QuicFlow/internal/wire"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/monitoring"
	"github.com/voilet/QuicFlow/pkg/protocol"
	"github.com/voilet/QuicFlow/pkg/session"
)

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
	session *session.Session // set by the handshake; counts what is sent
	share   *share

	full       atomic.Bool  // the budget of answers is used up
	unanswered atomic.Int32 // messages of the peer that handlers have yet to answer

	mu        sync.Mutex
	lanes     [numLanes]lane
	budgets   [numLanes]budget // that of acks is for control frames as well
	largeData largeQueue
	largeAcks largeQueue
	unseen    unseen // acknowledgements that the peer may not have received
	dataSent  uint64 // data frames accepted in all
	acksSent  uint64 // acknowledgements accepted in all
	waiting   int    // bytes in all budgets
	charged   int    // of these, those that count in the share
	left      bool   // the share is not concerned any more
	silently  bool   // a data frame was accepted that nobody awaits an acknowledgement of
}

func (o *outbox) init(conn Conn, wg *sync.WaitGroup, cfg *Config) {
	o.conn, o.wg, o.metrics, o.share = conn, wg, cfg.Metrics, &cfg.share
	for c := range o.budgets {
		o.budgets[c].limit = cfg.MaxQueueBytes
	}
}

// put accepts a parcel, of the message m unless it has a frame already. While its lane is full it waits as long as w says; with a
// nil w it fails at once with QueueFull. An error means that nothing was sent.
func (o *outbox) put(w *Wait, p *parcel, m *protocol.DataMessage) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if err := o.room(w, p); err != nil {
		return err
	}
	return o.add(p, m)
}

// add queues a parcel. It is called with mu held, when there is room.
func (o *outbox) add(p *parcel, m *protocol.DataMessage) error {
	if p.large() && !p.ordered {
		if err := p.await(); err != nil {
			return err
		}
		o.addLarge(&o.largeData, largeFrame{p.frame, p.lane, p.silent()})
	} else {
		before := o.lanes[p.lane].reserve(p.size)
		after, err := p.encode(before, m)
		if err = o.appended(p.lane, before, after, err); err != nil {
			return err
		}
		o.lanes[p.lane].silent += p.silent()
		if p.large() {
			o.largeData.active++
		}
		o.start(p.lane)
	}
	o.dataSent++
	o.session.MessagesSent.Add(1)
	o.session.BytesSent.Add(uint64(p.payload))
	o.silently = o.silently || p.silent() > 0
	return nil
}

// control accepts a control frame. The error of one that cannot be encoded would
// be of text that is not UTF-8, which the callers have checked.
func (o *outbox) control(f *protocol.Frame) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.budgets[acks].closed != nil {
		return
	}
	before := o.lanes[control].reserve(wire.MaxControlFrame)
	after, err := wire.AppendFrame(before, f)
	if o.appended(control, before, after, err) == nil {
		o.start(control)
	}
}

// appended notes that a lane's buffer has become after, or that it has not because
// of err. It is called with mu held.
func (o *outbox) appended(c class, before, after []byte, err error) error {
	if err != nil {
		o.lanes[c].unreserve(before)
		if errors.Is(err, qerrors.ErrInvalidArgument) { // not from a promise that was refused
			o.metrics.EncodingErrors.Add(1)
		}
		return err
	}
	o.lanes[c].buf = after
	o.use(c, len(after)-len(before))
	return nil
}

// start makes sure that somebody flushes a lane. It is called with mu held.
func (o *outbox) start(c class) {
	if l := &o.lanes[c]; !l.flushing {
		l.flushing = true
		o.wg.Go(func() { o.flush(c) })
	}
}

// refuse makes put fail with err from now on, and returns how many data messages
// were accepted before.
func (o *outbox) refuse(err error) (dataSent uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, c := range []class{urgent, normal, bulk} {
		if o.budgets[c].closed == nil {
			o.budgets[c].close(err)
		}
	}
	return o.dataSent
}

// queued returns how many bytes wait, and of the fullest class the part of its
// budget that they take.
func (o *outbox) queued() (bytes int, fullest float64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for i := range o.budgets {
		b := &o.budgets[i]
		bytes += b.used
		fullest = max(fullest, float64(b.used)/float64(b.limit))
	}
	return bytes, min(fullest, 1)
}

func (o *outbox) sentSilently() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.silently
}

// fail throws away what waits, after the connection has ended, and returns the
// acknowledgements that the peer may not have received. No flusher is started
// afterwards.
func (o *outbox) fail(err error) *unseen {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.leave()
	silent := 0
	for c := range o.lanes {
		o.budgets[c].close(err)
		l := &o.lanes[c]
		silent += l.silent
		for _, buf := range l.full {
			putBuffer(buf)
		}
		if l.buf != nil {
			putBuffer(l.buf)
		}
		l.full, l.buf, l.silent = nil, nil, 0
	}
	for _, waiting := range o.largeData.waiting {
		for _, f := range waiting {
			silent += f.silent
		}
	}
	o.largeData.waiting, o.largeAcks.waiting = nil, nil
	o.lost(silent)
	return &o.unseen // nothing is added to it any more
}
