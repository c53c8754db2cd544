package eventlog

import "sort"

// ring has the latest events of one kind. It takes memory as they come, up to
// its size.
type ring struct {
	size    int
	events  []Event
	stored  int    // how many were stored so far
	number  uint64 // how many there have been, those included that were never stored
	changed chan struct{}
}

// add stores e, in the place of the oldest event when the ring is full.
func (r *ring) add(e Event) {
	r.number++
	e.number = r.number
	if len(r.events) < r.size {
		r.events = append(r.events, e)
	} else {
		r.events[r.stored%r.size] = e
	}
	r.stored++
	r.wake()
}

// lose counts n events that cannot be stored.
func (r *ring) lose(n uint64) {
	r.number += n
	r.wake()
}

// wake wakes those who wait for a change.
func (r *ring) wake() {
	if r.changed != nil {
		close(r.changed)
		r.changed = nil
	}
}

// change returns a channel that is closed with the next change.
func (r *ring) change() <-chan struct{} {
	if r.changed == nil {
		r.changed = make(chan struct{})
	}
	return r.changed
}

// at returns the stored event with index i, 0 for the oldest.
func (r *ring) at(i int) *Event {
	if len(r.events) < r.size {
		return &r.events[i]
	}
	return &r.events[(r.stored+i)%r.size]
}

// afterID returns the index of the first stored event with a larger id.
func (r *ring) afterID(id uint64) int {
	return sort.Search(len(r.events), func(i int) bool { return r.at(i).ID > id })
}

// afterNumber returns the index of the first stored event with a larger number.
func (r *ring) afterNumber(number uint64) int {
	return sort.Search(len(r.events), func(i int) bool { return r.at(i).number > number })
}
