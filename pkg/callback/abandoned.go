package callback

// maxAbandoned is how many ids a table remembers.
const maxAbandoned = 1024

// abandoned remembers the latest ids that nobody waits for any more and whose
// acknowledgements may still come: one of them must not complete the promise of
// another message that was given the same id.
type abandoned struct {
	places map[string]int // of the ids in the ring
	ring   []gone
	next   int // the place of the next one, once the ring is full
}

type gone struct {
	id     string
	number uint64
}

func (a *abandoned) has(id string) bool {
	_, ok := a.places[id]
	return ok
}

func (a *abandoned) add(id string, number uint64) {
	if a.places == nil {
		a.places = make(map[string]int)
	}
	if len(a.ring) < maxAbandoned {
		a.places[id] = len(a.ring)
		a.ring = append(a.ring, gone{id, number})
		return
	}
	// What stood here may have been answered, and abandoned again since.
	if before := a.ring[a.next].id; a.places[before] == a.next {
		delete(a.places, before)
	}
	a.places[id], a.ring[a.next] = a.next, gone{id, number}
	a.next = (a.next + 1) % maxAbandoned
}

// numbers returns those of the messages.
func (a *abandoned) numbers() (all []uint64) {
	for _, place := range a.places {
		all = append(all, a.ring[place].number)
	}
	return all
}

// remove forgets an id whose acknowledgement has come; its place stays taken.
func (a *abandoned) remove(id string) { delete(a.places, id) }
