package link

import (
	"context"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// budget bounds the bytes that wait.
type budget struct {
	limit  int
	used   int
	freed  chan struct{} // closed when used has fallen; nil while nobody waits
	closed error         // why nothing more is accepted
}

// answerRoom waits until the peer has taken enough of the answers that wait for it.
func (o *outbox) answerRoom(ctx context.Context) error {
	if !o.full.Load() {
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

// use takes n bytes of b.
func (o *outbox) use(b *budget, n int) {
	b.used += n
	o.full.Store(o.answers.used >= o.answers.limit)
}

// free gives n bytes of b back, and wakes who waits for them.
func (o *outbox) free(b *budget, n int) {
	b.used -= n
	o.full.Store(o.answers.used >= o.answers.limit)
	if b.used <= b.limit/2 {
		b.wake()
	}
}

// close makes room fail with err.
func (b *budget) close(err error) {
	b.closed = err
	b.wake()
}

func (b *budget) wake() {
	if b.freed != nil {
		close(b.freed)
		b.freed = nil
	}
}
