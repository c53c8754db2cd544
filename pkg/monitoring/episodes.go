package monitoring

import (
	"container/list"
	"context"
	"log/slog"
	"sync"
	"time"
)

const (
	repeatInterval = 10 * time.Second
	maxKinds       = 4096
)

// episodes are the kinds of records that were seen lately. Its timer is set only
// while something is counted that has not been told.
type episodes struct {
	// telling is full while what was counted is told, so that Flush waits for the
	// timer. It is no mutex because testing/synctest does not wait for those.
	telling chan struct{}

	mu      sync.Mutex
	kinds   map[kind]*list.Element
	order   *list.List // of *episode, in the order in which they end
	counted int        // episodes with a count
	timer   *time.Timer
}

// episode is an interval that began with a record that was handed on.
type episode struct {
	kind    kind
	ends    time.Time
	pending repeated
}

// repeated is the last of count records that were not handed on.
type repeated struct {
	count   int
	record  slog.Record
	handler slog.Handler
	several bool
}

func newEpisodes() *episodes {
	return &episodes{telling: make(chan struct{}, 1), kinds: make(map[kind]*list.Element), order: list.New()}
}

// see notes a record for next, and reports whether it is the first of its kind. If
// not, it was counted. What had to make room for it is to be told.
func (t *episodes) see(k kind, r slog.Record, next slog.Handler) (first bool, displaced repeated) {
	now := time.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.forget(now)
	at, known := t.kinds[k]
	if full := len(t.kinds) >= maxKinds; full && !known {
		if k.peer != "" || k.code != "" { // either may be the choice of a peer
			k = kind{message: k.message, several: true}
			at, known = t.kinds[k]
		}
		if !known {
			displaced = t.remove(t.order.Front())
		}
	}
	if !known {
		t.kinds[k] = t.order.PushBack(&episode{kind: k, ends: now.Add(repeatInterval)})
		return true, displaced
	}
	pending := &at.Value.(*episode).pending
	pending.count++
	pending.record, pending.handler, pending.several = r.Clone(), next, k.several
	if pending.count == 1 {
		t.counted++
		t.arm(now)
	}
	return false, displaced
}

// forget removes episodes that have ended and left nothing to tell.
func (t *episodes) forget(now time.Time) {
	for at := t.order.Front(); at != nil; at = t.order.Front() {
		e := at.Value.(*episode)
		if now.Before(e.ends) || e.pending.count > 0 {
			return
		}
		t.remove(at)
	}
}

// remove returns what the episode has to tell.
func (t *episodes) remove(at *list.Element) repeated {
	e := t.order.Remove(at).(*episode)
	delete(t.kinds, e.kind)
	return t.take(e)
}

func (t *episodes) take(e *episode) repeated {
	pending := e.pending
	if pending.count > 0 {
		t.counted--
		e.pending = repeated{}
	}
	return pending
}

// arm sets the timer for the next end of an episode, if anything was counted.
func (t *episodes) arm(now time.Time) {
	if t.counted == 0 {
		return
	}
	in := t.order.Front().Value.(*episode).ends.Sub(now)
	if t.timer == nil {
		t.timer = time.AfterFunc(in, func() { t.tell(t.due) })
	} else {
		t.timer.Reset(in)
	}
}

// due takes what episodes that have ended have to tell. These kinds go on: their
// next episode begins with the line that tells it.
func (t *episodes) due() []repeated {
	now := time.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	var due []repeated
	for at := t.order.Front(); at != nil; at = t.order.Front() {
		e := at.Value.(*episode)
		if now.Before(e.ends) {
			break
		}
		if e.pending.count == 0 {
			t.remove(at)
			continue
		}
		due = append(due, t.take(e))
		e.ends = now.Add(repeatInterval)
		t.order.MoveToBack(at)
	}
	t.arm(now)
	return due
}

// all takes all that there is to tell.
func (t *episodes) all() []repeated {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.timer != nil {
		t.timer.Stop()
	}
	var all []repeated
	for at := t.order.Front(); at != nil; at = at.Next() {
		if e := at.Value.(*episode); e.pending.count > 0 {
			all = append(all, t.take(e))
		}
	}
	return all
}

// tell tells what take returns, and then returns.
func (t *episodes) tell(take func() []repeated) {
	t.telling <- struct{}{}
	defer func() { <-t.telling }()
	for _, r := range take() {
		r.tell()
	}
}

// tell hands the record on, if there is one and its level is still enabled.
func (r *repeated) tell() {
	if r.count == 0 || !r.handler.Enabled(context.Background(), r.record.Level) {
		return
	}
	r.record.AddAttrs(slog.Int("repeated", r.count))
	if r.several {
		r.record.AddAttrs(slog.Bool("several", true))
	}
	_ = r.handler.Handle(context.Background(), r.record) // as slog.Logger does, which has nobody to tell
}
