package link

import (
	"context"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// budget bounds the bytes that wait in one class.
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
	return o.room(&Wait{derived: ctx}, &o.budgets[acks])
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
			return qerrors.FromContext(ctx)
		}
	}
}

// budget returns the budget that frames of class c take from.
func (o *outbox) budget(c class) *budget {
	if c == control {
		c = acks
	}
	return &o.budgets[c]
}

// use takes n bytes of the budget of c.
func (o *outbox) use(c class, n int) {
	o.budget(c).used += n
	o.full.Store(o.budgets[acks].used >= o.budgets[acks].limit)
}

// free gives n bytes back to the budget of c, and wakes who waits for them.
func (o *outbox) free(c class, n int) {
	b := o.budget(c)
	b.used -= n
	o.full.Store(o.budgets[acks].used >= o.budgets[acks].limit)
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
