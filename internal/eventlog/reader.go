package eventlog

import (
	"context"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// maxBatch is how many events a reader gets at once.
const maxBatch = 128

// Reader reads a log. It is for one goroutine.
type Reader struct {
	log       *Log
	wanted    [numKinds]bool
	seen      [numKinds]uint64 // the number of the latest event that was read, or told missing
	restarted bool             // to be told
	excess    uint64           // missing events that were counted for two kinds
	buffer    []Event
}

// Batch is what a reader reads at once.
type Batch struct {
	// Missed events of the kinds that the reader wants are gone. After a resumption
	// it can be too many, when events of other kinds are gone as well.
	Missed uint64
	// Restarted: the reader resumed after an id that this log has not given, but another
	// may have, so that nobody knows what it missed there.
	Restarted bool
	// After is an id between what is missing and Events. Who resumes after it misses
	// nothing more.
	After uint64
	// Events, oldest first, until the next call of Next.
	Events []Event
}

// Follow returns a reader of the events of these kinds from now on, and the id of
// the latest event, after which it can be resumed.
func (l *Log) Follow(kinds ...Kind) (r *Reader, after uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r = l.newReader(kinds)
	for k := range l.rings {
		r.seen[k] = l.rings[k].number
	}
	return r, l.last
}

// Resume returns a reader of the events of these kinds after the one with an id.
func (l *Log) Resume(after uint64, kinds ...Kind) *Reader {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.newReader(kinds)
	if after < l.first || after > l.last {
		r.restarted = true
		after = l.first
	}
	r.seek(after)
	return r
}

// newReader returns a reader. The caller holds mu.
func (l *Log) newReader(kinds []Kind) *Reader {
	r := &Reader{log: l, buffer: make([]Event, 0, maxBatch)}
	for _, k := range kinds {
		r.wanted[k] = true
	}
	if r.wanted[Message] {
		l.record()
	}
	return r
}

// seek goes to the first event with a larger id. How many events are missing
// before it can only be estimated, from the numbers and the ids that are known on
// both sides, and from how many ids have no event any more.
func (r *Reader) seek(id uint64) {
	var missing, stored uint64
	for k := range r.log.rings {
		ring := &r.log.rings[k]
		i := ring.afterID(id)
		stored += uint64(len(ring.events) - i)
		if !r.wanted[k] {
			continue
		}
		var before uint64
		if i > 0 {
			before = ring.at(i - 1).number
		}
		number, next := ring.number+1, r.log.last+1
		if i < len(ring.events) {
			number, next = ring.at(i).number, ring.at(i).ID
		}
		lost := min(number-1-before, next-1-id)
		r.seen[k] = number - 1 - lost
		missing += lost
	}
	if gone := r.log.last - id - stored; missing > gone {
		r.excess = missing - gone
	}
}

// Next returns the next events, and what is missing before them, and waits for
// them if there are none. The error is ctx's cause, or has the code Closed when
// the log is closed and all of it was read.
func (r *Reader) Next(ctx context.Context) (Batch, error) {
	for {
		batch, changes, over := r.read()
		if len(batch.Events) > 0 || batch.Missed > 0 || batch.Restarted {
			return batch, nil
		}
		if over {
			return Batch{}, qerrors.New(qerrors.Closed, "the log of events was closed")
		}
		select { // one case for each kind; the channel of one that is not wanted is nil
		case <-changes[Connect]:
		case <-changes[Disconnect]:
		case <-changes[HeartbeatTimeout]:
		case <-changes[Message]:
		case <-r.log.open.Done():
		case <-ctx.Done():
			return Batch{}, context.Cause(ctx)
		}
	}
}

// read returns what there is, or else channels that tell when there is something.
func (r *Reader) read() (batch Batch, changes [numKinds]<-chan struct{}, over bool) {
	l := r.log
	l.mu.Lock()
	defer l.mu.Unlock()
	batch.Restarted, r.restarted = r.restarted, false
	batch.After = l.last
	var next [numKinds]int // the index of the next event of each kind
	for k := range l.rings {
		ring := &l.rings[k]
		next[k] = len(ring.events)
		if !r.wanted[k] {
			continue
		}
		next[k] = ring.afterNumber(r.seen[k])
		before := ring.number
		if next[k] < len(ring.events) {
			before = ring.at(next[k]).number - 1
			batch.After = min(batch.After, ring.at(next[k]).ID-1)
		}
		batch.Missed += before - r.seen[k]
		r.seen[k] = before
	}
	batch.Missed -= r.excess
	r.excess = 0
	batch.Events = r.merge(&next)
	if len(batch.Events) == 0 && batch.Missed == 0 {
		for k := range l.rings {
			if r.wanted[k] {
				changes[k] = l.rings[k].change()
			}
		}
	}
	return batch, changes, l.isClosed()
}

// merge returns the events of all kinds from next on, in order, up to a gap, which
// the next batch will tell. The caller holds mu.
func (r *Reader) merge(next *[numKinds]int) []Event {
	events := r.buffer[:0]
	for len(events) < maxBatch {
		var first *Event
		for k := range r.log.rings {
			if ring := &r.log.rings[k]; next[k] < len(ring.events) {
				if e := ring.at(next[k]); first == nil || e.ID < first.ID {
					first = e
				}
			}
		}
		if first == nil || first.number != r.seen[first.Kind]+1 {
			break
		}
		events = append(events, *first)
		r.seen[first.Kind]++
		next[first.Kind]++
	}
	return events
}

// Close ends the reader. It may be called twice.
func (r *Reader) Close() {
	r.log.mu.Lock()
	defer r.log.mu.Unlock()
	if r.wanted[Message] {
		r.log.release()
	}
	r.wanted = [numKinds]bool{}
}
