package callback

// maxAbandoned is how many ids a table remembers.
const maxAbandoned = 1024

// abandoned remembers the latest ids that nobody waits for any more and whose
// acknowledgements may still come: one of them must not complete the promise of
// another message that was given the same id.
type abandoned struct {
	ids   map[string]struct{}
	order []string // a ring of the ids in the order of their coming
	next  int      // where the next one goes, once the ring is full
}

func (a *abandoned) has(id string) bool {
	_, ok := a.ids[id]
	return ok
}

func (a *abandoned) add(id string) {
	if a.ids == nil {
		a.ids = make(map[string]struct{})
	}
	a.ids[id] = struct{}{}
	if len(a.order) < maxAbandoned {
		a.order = append(a.order, id)
		return
	}
	delete(a.ids, a.order[a.next])
	a.order[a.next] = id
	a.next = (a.next + 1) % maxAbandoned
}

// remove forgets an id whose acknowledgement has come. Its place in the ring stays.
func (a *abandoned) remove(id string) { delete(a.ids, id) }
