package dispatcher

import (
	"context"
	"time"

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
	goOn   func()
	rested func()
	worker *worker
	lent   bool // the reader has the place of a worker
}

// NewIntake returns an intake. Its goOn is called on a new goroutine when the handler
// that the reader runs is slow; it has to go on reading in the place of the reader.
// Its rested is called after each Respond whose [Outcome] has said that there would
// be more, and often enough.
func NewIntake(goOn, rested func()) *Intake { return &Intake{goOn: goOn, rested: rested} }

// Submit is [Dispatcher.Submit], except that the handler may run before it returns.
// When another goroutine has gone on reading meanwhile, mine is false: the caller
// must return then, without another look at what it has read from, or at the intake.
func (in *Intake) Submit(d *Dispatcher, wait, base context.Context, arrived time.Time,
	msg *protocol.DataMessage, r Responder) (mine bool, err error) {
	t := d.newTask(base, arrived, msg, r)
	if !in.take(d, t.kind) {
		return true, d.enqueue(wait, t)
	}
	w := in.worker
	t.more = true
	w.state.Store(running)
	w.serve(t)
	if w.state.CompareAndSwap(running, resting) {
		return true, nil
	}
	in.rested()
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
	in.worker.intake = nil // the timer, which may be set for long, keeps the worker and not the connection
	d.alive.Add(-1)
	if len(d.queue) > 0 {
		d.wake()
	}
	in.rested()
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
	in.worker.intake, in.worker.number = in, n
	in.lent = true
	d.lent.add(in.worker)
	return true
}

// States of a worker whose place a reader has.
const (
	resting int32 = iota
	running       // a handler, on the goroutine of the reader
	taken         // the same, and another goroutine reads meanwhile
)

// handOver makes another goroutine go on reading, unless the handler has returned.
func (w *worker) handOver() bool {
	if !w.state.CompareAndSwap(running, taken) {
		return false
	}
	in := w.intake
	in.worker, in.lent = nil, false
	go func() {
		in.rested()
		in.goOn()
	}()
	return true
}

// replace makes up for the goroutine of w, which ends.
func (w *worker) replace() {
	if w.intake != nil { // a reader's, who is not to be missed either
		in := w.intake
		w.d.lent.remove(w)
		if !w.handOver() {
			in.rested()
		}
	}
	go w.run()
}
