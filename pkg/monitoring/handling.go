package monitoring

import (
	"sync/atomic"
	"time"

	"github.com/voilet/QuicFlow/pkg/protocol"
)

// Answer is how a message of some type was answered.
type Answer struct {
	Type   protocol.MessageType
	Status protocol.AckStatus
}

// MarshalText returns both names, as in "command/success", so that a snapshot can be
// encoded as JSON.
func (a Answer) MarshalText() ([]byte, error) {
	return []byte(a.Type.Name() + "/" + a.Status.Name()), nil
}

// Handling counts messages that were answered, and for how long they waited and
// were handled. Each worker counts at a place of its own: what several processors
// write to at once costs each of them more than all the rest of the counting.
type Handling struct {
	places [places]atomic.Pointer[handling] // made with the first message
}

// places are as many as there may be at once who count without getting into each
// other's way.
const places = 8

// handling is what the workers of one place have counted.
type handling struct {
	outcomes         [numTypes][numStatuses]atomic.Uint64
	waits, durations Histogram
}

// Observe counts a message that waited before it was answered. Worker is the
// number of the worker that has taken it.
func (h *Handling) Observe(worker int, o Answer, waited time.Duration) {
	at := h.at(worker)
	at.outcomes[known(o.Type)][knownStatus(o.Status)].Add(1)
	at.waits.Observe(waited)
}

// ObserveHandler counts a handler that took some time.
func (h *Handling) ObserveHandler(worker int, took time.Duration) {
	h.at(worker).durations.Observe(took)
}

func (h *Handling) at(worker int) *handling {
	place := &h.places[uint(worker)%places]
	at := place.Load()
	if at == nil {
		place.CompareAndSwap(nil, new(handling))
		at = place.Load()
	}
	return at
}

// read returns what all places have counted.
func (h *Handling) read() (outcomes map[Answer]uint64, waits, durations counted) {
	outcomes = make(map[Answer]uint64)
	for i := range h.places {
		at := h.places[i].Load()
		if at == nil {
			continue
		}
		for t := range at.outcomes {
			for status := range at.outcomes[t] {
				if n := at.outcomes[t][status].Load(); n > 0 {
					outcomes[Answer{protocol.MessageType(t), protocol.AckStatus(status)}] += n
				}
			}
		}
		w, d := at.waits.read(), at.durations.read()
		waits.add(&w)
		durations.add(&d)
	}
	return outcomes, waits, durations
}
