package eventlog_test

import (
	"maps"
	"slices"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/voilet/QuicFlow/internal/eventlog"
)

// model knows all that happened, in the order in which it did.
type model struct {
	*hub
	history []eventlog.Kind
	indices map[uint64]int // of the events that somebody read, by id
	readers []*reader
	gaps    bool // something happened that was not recorded
}

// reader is a reader and what it has to have read and been told.
type reader struct {
	*eventlog.Reader
	kinds   []eventlog.Kind
	from    int // the index of the first event that it is to get or be told missing
	next    int // the index of the first event that may come next
	read    int
	missed  int
	resumed bool
}

const modelSize = 4

// TestModel lets random programs of events and readers run against the model.
func TestModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		rapid.SyncTest(rt, func(rt *rapid.T) {
			m := &model{hub: newHub(modelSize), indices: map[uint64]int{}}
			actions := map[string]func(*rapid.T){
				"event": m.event, "events": m.events, "sleep": m.sleep,
				"follow": m.follow, "resume": m.resume, "read": m.read, "leave": m.leave,
			}
			if rapid.Bool().Draw(rt, "drops") {
				actions["drop"] = m.drop
			} else { // all messages are recorded
				r, _ := m.log.Follow(eventlog.Message)
				defer r.Close()
			}
			rt.Repeat(actions)
			for len(m.readers) > 0 {
				m.leave(rt)
			}
			m.log.Close()
		})
	})
}

// event makes something happen to a client whose id says what and when.
func (m *model) event(t *rapid.T) {
	kind := rapid.SampledFrom(all).Draw(t, "kind")
	m.gaps = m.gaps || kind == eventlog.Message && !m.hooks.PerMessage.Load()
	m.happen(kind, strconv.Itoa(len(m.history)))
	m.history = append(m.history, kind)
}

func (m *model) events(t *rapid.T) {
	for range rapid.IntRange(1, 3*modelSize).Draw(t, "number") {
		m.event(t)
	}
}

// drop makes something happen that the log only hears of. It takes the others to
// be of each kind.
func (m *model) drop(t *rapid.T) {
	messages, others := rapid.IntRange(0, 3).Draw(t, "messages"), rapid.IntRange(0, 2).Draw(t, "others")
	if !m.hooks.PerMessage.Load() {
		messages = 0
	}
	m.gaps = true
	m.received.Add(uint64(messages))
	m.hooks.OnDropped(messages, others)
	for range messages {
		m.history = append(m.history, eventlog.Message)
	}
	for _, kind := range all[:3] {
		for range others {
			m.history = append(m.history, kind)
		}
	}
}

func (m *model) sleep(t *rapid.T) {
	time.Sleep(time.Duration(rapid.IntRange(1, 100).Draw(t, "seconds")) * time.Second)
}

func (m *model) follow(t *rapid.T) {
	r := &reader{kinds: kinds(t), from: len(m.history), next: len(m.history)}
	r.Reader, _ = m.log.Follow(r.kinds...)
	m.readers = append(m.readers, r)
}

func (m *model) resume(t *rapid.T) {
	if len(m.indices) == 0 {
		t.Skip("nothing was read so far")
	}
	id := rapid.SampledFrom(slices.Sorted(maps.Keys(m.indices))).Draw(t, "id")
	r := &reader{kinds: kinds(t), from: m.indices[id] + 1, next: m.indices[id] + 1, resumed: true}
	r.Reader = m.log.Resume(id, r.kinds...)
	m.readers = append(m.readers, r)
}

func (m *model) read(t *rapid.T) {
	r := m.pick(t)
	if batch := next(t, r.Reader); batch != nil {
		m.check(t, r, batch)
	}
}

// leave reads what there is and lets the reader go.
func (m *model) leave(t *rapid.T) {
	r := m.pick(t)
	for batch := next(t, r.Reader); batch != nil; batch = next(t, r.Reader) {
		m.check(t, r, batch)
	}
	want := 0
	for _, kind := range m.history[r.from:] {
		if r.wants(kind) {
			want++
		}
	}
	got, most := r.read+r.missed, want
	switch {
	case r.resumed && m.gaps: // what is missing can count as more than one kind
		most = got
	case r.resumed && len(r.kinds) < len(all): // or as the wrong one
		most = len(m.history) - r.from
	}
	if got < want || got > most {
		t.Fatalf("a reader of %v read %d events and missed %d, of %d since its beginning at %d of %v", r.kinds, r.read, r.missed, want, r.from, m.history)
	}
	r.Close()
	r.Close()
	m.readers = slices.DeleteFunc(m.readers, func(other *reader) bool { return other == r })
}

func (m *model) pick(t *rapid.T) *reader {
	if len(m.readers) == 0 {
		t.Skip("there are no readers")
	}
	return m.readers[rapid.IntRange(0, len(m.readers)-1).Draw(t, "reader")]
}

// check checks that events come in order and as they were, and that none is left
// out without being told.
func (m *model) check(t *rapid.T, r *reader, batch *eventlog.Batch) {
	if batch.Restarted {
		t.Fatal("the log was not restarted")
	}
	r.missed += int(batch.Missed)
	after := batch.After
	for _, e := range batch.Events {
		index, err := strconv.Atoi(e.ClientID)
		if err != nil || index < r.next || m.history[index] != e.Kind || !r.wants(e.Kind) || e.ID <= after {
			t.Fatalf("read %+v; a reader of %v wants those from %d on of %v, with ids over %d", e, r.kinds, r.next, m.history, after)
		}
		if known, ok := m.indices[e.ID]; ok && known != index {
			t.Fatalf("two events have the id %d", e.ID)
		}
		m.indices[e.ID] = index
		r.next, after = index+1, e.ID
		r.read++
	}
	if len(batch.Events) > 0 && batch.Missed > 0 {
		again := m.log.Resume(batch.After, r.kinds...)
		if second := next(t, again); second == nil || len(second.Events) == 0 || second.Events[0] != batch.Events[0] {
			t.Fatalf("resumed after %d, a reader gets %+v, want %+v", batch.After, second, batch.Events)
		}
		again.Close()
	}
}

func (r *reader) wants(kind eventlog.Kind) bool { return slices.Contains(r.kinds, kind) }

func kinds(t *rapid.T) []eventlog.Kind {
	return rapid.SliceOfNDistinct(rapid.SampledFrom(all), 1, len(all), rapid.ID[eventlog.Kind]).Draw(t, "kinds")
}
