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
	waiting []largeFrame
	active  int // written at the moment, or, for data, not yet taken
}

type largeFrame struct {
	bytes   []byte
	urgency int8
	silent  int // 1 if nobody waits for an acknowledgement
}

// addLarge queues a frame. It is called with mu held.
func (o *outbox) addLarge(q *largeQueue, b *budget, f largeFrame) {
	o.use(b, len(f.bytes))
	q.waiting = append(q.waiting, f)
	o.startLarge(q, b)
}

// startLarge starts as many of the waiting frames as may be. It is called with
// mu held.
func (o *outbox) startLarge(q *largeQueue, b *budget) {
	for len(q.waiting) > 0 && q.active < maxLarge {
		f := q.waiting[0]
		q.waiting = q.waiting[1:]
		q.active++
		o.wg.Go(func() { o.sendLarge(q, b, f) })
	}
	if len(q.waiting) == 0 {
		q.waiting = nil
	}
}

func (o *outbox) sendLarge(q *largeQueue, b *budget, f largeFrame) {
	err := o.writeLarge(f)
	if err != nil {
		o.lost(f.silent)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.free(b, len(f.bytes))
	if q == &o.largeAcks {
		q.active--
		o.startLarge(q, b)
	}
}

func (o *outbox) writeLarge(f largeFrame) error {
	stream, err := o.conn.Open(o.conn.Context(), f.urgency)
	if err != nil {
		return err
	}
	if _, err := stream.Write(f.bytes); err != nil {
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
	o.startLarge(&o.largeData, &o.data)
	return nil
}
