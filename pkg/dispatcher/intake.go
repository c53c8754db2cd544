package dispatcher

import (
	"context"

	"github.com/voilet/QuicFlow/pkg/protocol"
)

// Intake is a dispatcher as one goroutine sees it that reads messages. As long as
// the handlers of a type are quick, and no message waits for a worker, the reader
// runs them itself, in the place of a worker: handing a message to another goroutine
// costs more than all else that is done with it. A handler that is not quick after
// all does not keep the reader from reading: another goroutine goes on in its place.
//
// The zero value is not ready: see [NewIntake]. It is for one goroutine.
type Intake struct {
	reader Reader
	worker *worker
	lent   bool // the reader has the place of a worker
}

// Reader is whose intake it is. What it is told comes from several goroutines.
type Reader interface {
	// GoOn is called on a new goroutine when the handler that the reader runs is slow.
	// It has to go on reading in the place of the reader.
	GoOn()
	// Rested is called after each Respond whose [Outcome] has said that there would be
	// more, and often enough.
	Rested()
	// Slow is told a task that is not run at once, or is slow, before GoOn is called.
	Slow(*Task)
	// Late is told that such a task has been answered, or will not be.
	Late(*Task)
}

// NewIntake returns the intake of a reader.
func NewIntake(r Reader) *Intake { return &Intake{reader: r} }

// Submit is [Dispatcher.Enqueue], except that the handler may run before it returns.
// When another goroutine has gone on reading meanwhile, mine is false: the caller
// must return then, without another look at what it has read from, or at the intake.
func (in *Intake) Submit(d *Dispatcher, wait context.Context, t *Task) (mine bool, err error) {
	if !in.take(d, t.kind) {
		in.reader.Slow(t)
		if err = d.Enqueue(wait, t); err != nil {
			in.reader.Late(t)
		}
		return true, err
	}
	if t.turn != nil {
		if in.reader.Slow(t); !t.first() {
			return true, nil
		}
		in.reader.Late(t)
	}
	w := in.worker
	t.more = true
	if w.serveAll(t); w.reads {
		return true, nil
	}
	in.reader.Late(w.left)
	w.run() // the place is an ordinary worker's now
	return false, nil
}

// Rest gives the place of a worker back. It has to be called before the reader waits
// for more to read, and last of all.
func (in *Intake) Rest() {
	if !in.lent {
		return
	}
	in.lent = false
	d := in.worker.d
	d.lent.remove(in.worker)
	in.worker.ended = 0
	in.worker.intake = nil // the timer, which may be set for long, keeps the worker and not the connection
	in.worker.current.Store(nil)
	d.alive.Add(-1)
	if len(d.queue) > 0 {
		d.wake()
	}
	in.reader.Rested()
}

// take reports whether the reader is to run a handler itself, and gets it the place
// of a worker.
func (in *Intake) take(d *Dispatcher, kind protocol.MessageType) bool {
	if in.lent && in.worker.d != d {
		in.Rest()
	}
	if !d.pace.quick(kind) || len(d.queue) > 0 {
		in.Rest()
		return false
	}
	if in.lent {
		return true
	}
	n, ok := d.join()
	if !ok {
		return false
	}
	if in.worker == nil || in.worker.d != d {
		in.worker = &worker{d: d}
	}
	in.worker.intake, in.worker.number, in.worker.reads = in, n, true
	in.lent = true
	d.lent.add(in.worker)
	return true
}

// handOver makes another goroutine go on reading, unless the handler of t has returned. It
// counts as busy from then on.
func (w *worker) handOver(t *Task) bool {
	reader := w.intake.reader
	reader.Slow(t)
	w.left = t
	w.d.busy.Add(1)
	if t.fate.Or(bitTakenOver)&bitReturned != 0 {
		w.d.busy.Add(-1)
		reader.Late(t)
		return false
	}
	w.passOn()
	return true
}

// passOn has another goroutine read in the place of this one.
func (w *worker) passOn() {
	in := w.intake
	in.worker, in.lent = nil, false
	go func() {
		in.reader.Rested()
		in.reader.GoOn()
	}()
}

// replace makes up for the goroutine of w, which ends with the handler of t.
func (w *worker) replace(t *Task) {
	switch {
	case w.reads: // and is not to be missed as a reader either
		w.d.lent.remove(w)
		w.reads = false
		w.passOn()
	case w.left != nil: // which is t, or one that was before t in an order
		w.intake.reader.Late(w.left)
	}
	go func() {
		if following := t.next(); following != nil {
			w.serveAll(following)
		}
		w.run()
	}()
}
