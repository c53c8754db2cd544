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

// maxUnanswered is how many messages of one peer may be with the dispatcher, and
// one more for each of its streams that are read at the same time. It bounds the
// answers that can pile up, beyond the budget, for a peer that asks and does not
// read.
const maxUnanswered = 256

// answerable reports whether there is room for one answer more.
func (o *outbox) answerable() bool {
	return !o.full.Load() && o.unanswered.Load() < maxUnanswered && !o.share.over()
}

// answerRoom waits until the peer has taken enough of the answers that wait for
// it, and until handlers have answered enough of its messages.
func (o *outbox) answerRoom(ctx context.Context) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	b := &o.budgets[acks]
	for b.closed == nil && (b.used >= b.limit || o.crowded(b) || o.unanswered.Load() >= maxUnanswered) {
		o.limited(b)
		if err := o.wait(ctx, b); err != nil {
			return err
		}
	}
	return b.closed
}

// answered counts an answer, and wakes who waits when half of them are given.
func (o *outbox) answered() {
	if o.unanswered.Add(-1) == maxUnanswered/2 {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.budgets[acks].wake()
	}
}

// room waits until there is room for p. It is called, and returns, with mu held.
func (o *outbox) room(w *Wait, p *parcel) error {
	b := &o.budgets[p.lane]
	for {
		switch {
		case b.closed != nil:
			return b.closed
		case b.used < b.limit && !o.crowded(b) && !(p.ordered && p.large() && o.largeData.active >= maxLarge):
			return nil
		case w == nil:
			o.limited(b)
			return qerrors.New(qerrors.QueueFull, "%d bytes wait to be sent to this peer already%s", b.used, o.elsewhere(b))
		}
		if o.wait(w.Context(), b) != nil {
			o.limited(b)
			return w.noRoom(b.used, o.elsewhere(b))
		}
	}
}

// wait waits until something of b was freed, or ctx ends. It is called, and
// returns, with mu held.
func (o *outbox) wait(ctx context.Context, b *budget) error {
	if b.freed == nil {
		b.freed = make(chan struct{})
	}
	freed := b.freed
	o.mu.Unlock()
	defer o.mu.Lock()
	select {
	case <-freed:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
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
	o.charge(n)
	o.noteFull()
}

// noteFull notes whether the budget of answers is used up. Most of the time that is no news.
func (o *outbox) noteFull() {
	b := &o.budgets[acks]
	if full := b.used >= b.limit; full != o.full.Load() {
		o.full.Store(full)
	}
}

// free gives n bytes back to the budget of c, and wakes who waits for them.
func (o *outbox) free(c class, n int) {
	b := o.budget(c)
	b.used -= n
	o.charge(-n)
	o.noteFull()
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
