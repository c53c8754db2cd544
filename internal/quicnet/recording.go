package quicnet

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quic-go/quic-go/qlog"
	"github.com/quic-go/quic-go/qlogwriter"
)

// QlogEnd is how a trace has ended.
type QlogEnd struct {
	Events uint64 // that were written
	Lost   uint64 // that came faster than they could be written
	Err    error  // why it ended, unless it was stopped or the connection has ended
}

// maxWaiting is how many events may wait to be written, a few MiB.
const maxWaiting = 1 << 13

// recording takes the events of a connection to a file, on a goroutine of its own.
// The writer of quic-go makes the connection wait while 50 events do; this one
// loses events, and says in the file where and how many.
type recording struct {
	name   string // of the file
	events chan event
	lost   atomic.Uint64 // after the last that is in events

	stopOnce sync.Once
	stop     chan struct{} // closed when there is to be no more
	done     chan struct{} // closed when nothing of it runs any more

	// Owned by run.
	file *sequence
	end  QlogEnd
}

type event struct {
	at   time.Time
	what qlogwriter.Event
	lost uint64 // before this one
}

func newRecording(file *sequence) *recording {
	return &recording{
		name:   file.file.Name(),
		events: make(chan event, maxWaiting),
		stop:   make(chan struct{}),
		done:   make(chan struct{}),
		file:   file,
	}
}

// add never waits.
func (r *recording) add(what qlogwriter.Event) {
	if r.halted() {
		return
	}
	lost := r.lost.Swap(0)
	select {
	case r.events <- event{time.Now(), what, lost}:
	default:
		r.lost.Add(lost + 1)
	}
}

func (r *recording) halt() { r.stopOnce.Do(func() { close(r.stop) }) }

func (r *recording) halted() bool {
	select {
	case <-r.stop:
		return true
	default:
		return false
	}
}

// run writes events until it is halted or cannot go on, and closes the file.
func (r *recording) run() QlogEnd {
	err := r.writeAll()
	r.halt()
	if flushed := r.file.out.Flush(); err == nil { // otherwise it may say the same again
		err = flushed
	}
	r.end.Err = errors.Join(err, r.file.file.Close())
	return r.end
}

func (r *recording) writeAll() error {
	for {
		e, ok, err := r.next()
		if err == nil {
			err = r.writeGap(e.lost, e.at)
		}
		if err != nil || !ok {
			return err
		}
		if err := r.file.write(e.at, e.what); err != nil {
			return err
		}
		r.end.Events++
	}
}

// next waits for an event. While there is none, all that was before is in the
// file. At the end there is none; what was lost since the last is with it.
func (r *recording) next() (e event, ok bool, err error) {
	select {
	case e = <-r.events:
		return e, true, nil
	default:
	}
	if err := r.file.out.Flush(); err != nil {
		return event{}, false, err
	}
	select {
	case e = <-r.events:
		return e, true, nil
	case <-r.stop:
	}
	select {
	case e = <-r.events: // both were there
		return e, true, nil
	default:
		return event{at: time.Now(), lost: r.lost.Swap(0)}, false, nil
	}
}

// writeGap says that events are missing.
func (r *recording) writeGap(lost uint64, at time.Time) error {
	if lost == 0 {
		return nil
	}
	r.end.Lost += lost
	return r.file.write(at, qlog.DebugEvent{
		EventName: "events_lost",
		Message:   fmt.Sprintf("%d events are missing here: they came faster than they could be written", lost),
	})
}
