package session

import (
	"cmp"
	"slices"
	"strings"
	"sync"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// Member is what a registry holds: something that belongs to one session.
type Member interface {
	comparable
	Session() *Session
}

// Registry holds the live sessions by client id. All methods may be called from
// any goroutine.
type Registry[M Member] struct {
	max int

	mu      sync.RWMutex
	members map[string]M
	closed  error
}

// NewRegistry returns a registry of at most max sessions; 0 is unlimited.
func NewRegistry[M Member](max int) *Registry[M] {
	return &Registry[M]{max: max, members: make(map[string]M)}
}

// Add enters m under its client id. When the id is taken, m takes its place, and
// the one replaced is returned for the caller to close. Otherwise Add fails with
// TooManyClients when the registry is full, and with the registry's own error
// once it is closed.
//
// report is called if m is entered, with the one replaced, while no other change
// can be made: so what Add and Remove report comes in order. It must be quick.
func (r *Registry[M]) Add(m M, report func(replaced M)) (replaced M, err error) {
	id := m.Session().ClientID()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed != nil {
		return replaced, r.closed
	}
	before, taken := r.members[id]
	if !taken && r.max > 0 && len(r.members) >= r.max {
		return replaced, qerrors.New(qerrors.TooManyClients,
			"the hub has its %d clients: raise MaxClients (-max-clients), or try again later", r.max)
	}
	r.members[id] = m
	report(before)
	return before, nil
}

// Remove takes m out, unless another has taken its place; it reports which.
// report is called if it was taken out, as in [Registry.Add].
func (r *Registry[M]) Remove(m M, report func()) bool {
	id := m.Session().ClientID()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.members[id] != m {
		return false
	}
	delete(r.members, id)
	report()
	return true
}

// Get returns the member with this client id.
func (r *Registry[M]) Get(clientID string) (M, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	m, ok := r.members[clientID]
	return m, ok
}

// Len returns how many there are.
func (r *Registry[M]) Len() int {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return len(r.members)
}

// All returns those that are there now, in no order.
func (r *Registry[M]) All() []M {
	r.mu.RLock()
	defer r.mu.RUnlock()
	all := make([]M, 0, len(r.members))
	for _, m := range r.members {
		all = append(all, m)
	}
	return all
}

// Page returns the first limit members, by client id, of those whose ids have the
// prefix and come after a given id, and how many there are with the prefix. It
// keeps no more than twice limit in memory, however many there are.
func (r *Registry[M]) Page(prefix, after string, limit int) (page []M, total int) {
	limit = max(limit, 0)
	r.mu.RLock()
	defer r.mu.RUnlock()
	for id, m := range r.members {
		if !strings.HasPrefix(id, prefix) {
			continue
		}
		total++
		if id <= after {
			continue
		}
		if page = append(page, m); len(page) >= 2*limit {
			page = firstByID(page, limit)
		}
	}
	return firstByID(page, limit), total
}

// firstByID sorts page and cuts it to n.
func firstByID[M Member](page []M, n int) []M {
	slices.SortFunc(page, func(a, b M) int { return cmp.Compare(a.Session().ClientID(), b.Session().ClientID()) })
	return page[:min(n, len(page))]
}

// Close makes Add fail with err from now on, and returns those that are there.
func (r *Registry[M]) Close(err error) []M {
	r.mu.Lock()
	r.closed = err
	r.mu.Unlock()
	return r.All()
}
