package callback

import "iter"

// ring holds promises by the numbers of their messages, which are given in order and mostly
// answered soon: the latest are found by the lowest bits of their number. One whose place a
// later one needs is kept in a map.
type ring struct {
	places []*Promise // none, or a power of two
	older  map[uint64]*Promise
	n      int
}

const fewPlaces = 16

func (r *ring) add(p *Promise) {
	if r.n >= len(r.places)/2 {
		r.resize(max(fewPlaces, 2*len(r.places)))
	}
	r.put(p)
	r.n++
}

func (r *ring) put(p *Promise) {
	place := r.place(p.sent.Number)
	before := *place
	if *place = p; before == nil {
		return
	}
	if r.older == nil {
		r.older = make(map[uint64]*Promise)
	}
	r.older[before.sent.Number] = before
}

// place returns where the promise of a number is, unless it is with the older ones. There
// have to be places.
func (r *ring) place(number uint64) **Promise { return &r.places[number&uint64(len(r.places)-1)] }

func (r *ring) resize(places int) {
	before := r.places
	r.places = make([]*Promise, places)
	for _, p := range before {
		if p != nil {
			r.put(p)
		}
	}
}

// get returns the promise of a number, or nil.
func (r *ring) get(number uint64) *Promise {
	if r.n == 0 {
		return nil
	}
	if p := *r.place(number); p != nil && p.sent.Number == number {
		return p
	}
	return r.older[number]
}

// take takes it out.
func (r *ring) take(number uint64) *Promise {
	p := r.get(number)
	if p == nil {
		return nil
	}
	if place := r.place(number); *place == p {
		*place = nil
	} else {
		delete(r.older, number)
	}
	r.n--
	return p
}

// tidy gives back what was needed for more than there are now.
func (r *ring) tidy() {
	if r.n == 0 {
		*r = ring{}
	}
}

func (r *ring) all() iter.Seq[*Promise] {
	return func(yield func(*Promise) bool) {
		for _, p := range r.places {
			if p != nil && !yield(p) {
				return
			}
		}
		for _, p := range r.older {
			if !yield(p) {
				return
			}
		}
	}
}
