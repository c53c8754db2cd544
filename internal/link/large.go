package link

import (
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// maxLarge is how many large frames of a kind may be under way in one direction.
// For data that is until the receiver has said Taken: it reads what arrives at
// once, so that a full dispatcher never leaves bytes in the connection's receive
// window, where they would keep acknowledgements out.
const maxLarge = 8

// largeQueue holds the frames that travel on streams of their own. The outbox's
// mutex guards it.
type largeQueue struct {
	waiting map[class][]largeFrame
	active  int // written at the moment, or, for data, not yet taken
}

type largeFrame struct {
	bytes  []byte
	class  class
	silent int // 1 if nobody waits for an acknowledgement
}

// addLarge queues a frame. It is called with mu held.
func (o *outbox) addLarge(q *largeQueue, f largeFrame) {
	o.use(f.class, len(f.bytes))
	if q.waiting == nil {
		q.waiting = make(map[class][]largeFrame)
	}
	q.waiting[f.class] = append(q.waiting[f.class], f)
	o.startLarge(q)
}

// startLarge starts as many of the waiting frames as may be, the most urgent
// first. It is called with mu held.
func (o *outbox) startLarge(q *largeQueue) {
	for c := acks; c < numLanes; c++ {
		for len(q.waiting[c]) > 0 && q.active < maxLarge {
			f := q.waiting[c][0]
			q.waiting[c][0] = largeFrame{} // the array outlives it
			q.waiting[c] = q.waiting[c][1:]
			q.active++
			o.wg.Go(func() { o.sendLarge(q, f) })
		}
		if len(q.waiting[c]) == 0 {
			delete(q.waiting, c)
		}
	}
}

func (o *outbox) sendLarge(q *largeQueue, f largeFrame) {
	err := o.writeLarge(f)
	if err != nil {
		o.lost(f.silent)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.free(f.class, len(f.bytes))
	if q == &o.largeAcks {
		q.active--
		o.startLarge(q)
	}
}

func (o *outbox) writeLarge(f largeFrame) error {
	// One step behind the small frames of the same class.
	stream, err := o.open(f.class.urgency() + 1)
	if err != nil {
		return err
	}
	if err := o.writeLong(stream, f.bytes); err != nil {
		o.conn.Close(qerrors.ProtocolViolation, "the stream of a large frame was cancelled")
		return err
	}
	return stream.Close()
}

// taken is told that the peer has handed on a large data frame.
func (o *outbox) taken() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.largeData.active == 0 {
		return qerrors.New(qerrors.ProtocolViolation, "Taken without a large frame under way")
	}
	o.largeData.active--
	o.startLarge(&o.largeData)
	for c := urgent; c < numLanes; c++ { // one with an ordering key may have waited for this
		o.budgets[c].wake()
	}
	return nil
}
