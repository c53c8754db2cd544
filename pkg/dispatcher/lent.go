package dispatcher

import (
	"sync"
	"time"
)

// patrolTick is how often readers that run handlers are looked after. One handler
// keeps its reader from reading for twice that at most.
const patrolTick = time.Millisecond

// lent are the places of workers that readers have.
type lent struct {
	mu     sync.Mutex
	places []*worker
	timer  *time.Timer // of the next patrol
	armed  bool
}

func (l *lent) add(w *worker) {
	l.mu.Lock()
	defer l.mu.Unlock()
	w.place, w.seen = len(l.places), nil
	l.places = append(l.places, w)
	if l.armed {
		return
	}
	l.armed = true
	if l.timer == nil {
		l.timer = time.AfterFunc(patrolTick, l.patrol)
	} else {
		l.timer.Reset(patrolTick)
	}
}

func (l *lent) remove(w *worker) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.drop(w)
}

func (l *lent) drop(w *worker) {
	if w.place < 0 {
		return
	}
	last := len(l.places) - 1
	l.places[w.place] = l.places[last]
	l.places[w.place].place = w.place
	l.places[last] = nil
	l.places = l.places[:last]
	w.place, w.seen = -1, nil
}

// patrol hands over the reading of those whose handler ran at the last patrol
// already. While no reader has a place there is none.
func (l *lent) patrol() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := len(l.places) - 1; i >= 0; i-- {
		w := l.places[i]
		t := w.running()
		if t != nil && t == w.seen && w.handOver(t) {
			l.drop(w)
			continue
		}
		w.seen = t
	}
	if l.armed = len(l.places) > 0; l.armed {
		l.timer.Reset(patrolTick)
	}
}

// running returns how many readers run a handler. It is called with mu held.
func (l *lent) running() (n int) {
	for _, w := range l.places {
		if w.running() != nil {
			n++
		}
	}
	return n
}

// running returns whose handler runs, or nil.
func (w *worker) running() *Task {
	if t := w.current.Load(); t != nil && !t.is(bitReturned) {
		return t
	}
	return nil
}
