package link_test

import (
	"slices"

	"pgregory.net/rapid"
)

// draining says what one side of a connection has to have said after each event
// of a drain, in whatever order streams let them come.
type draining struct {
	hub        bool
	data, acks int // messages of the peer, and acknowledgements for ours, in all

	// What has happened.
	drained                   bool // by this side
	goAway, handled, complete bool // the peer has said them
	dataHere, acksHere        int

	// What this side has to have said.
	saidGoAway, saidHandled, saidComplete bool
}

const (
	drainHere = "this side drains"
	dataComes = "data"
	ackComes  = "ack"
	goAway    = "GoAway"
	handled   = "Handled"
	complete  = "Complete"
)

// events draws an order of all that has to happen. What the peer says on its
// control stream keeps its order, and it says Complete only when it has the
// acknowledgements for its data and, if it is the hub, the client's Complete.
func (d *draining) events(t *rapid.T) []string {
	var all []string
	if rapid.Bool().Draw(t, drainHere) {
		all = append(all, drainHere)
	}
	for range d.data {
		all = append(all, dataComes)
	}
	for range d.acks {
		all = append(all, ackComes)
	}
	all = append(all, "control", "control", "control")
	all = rapid.Permutation(all).Draw(t, "order")
	ordered := []string{goAway, handled, complete}
	for i, event := range all {
		if event == "control" {
			all[i], ordered = ordered[0], ordered[1:]
		}
	}
	i := slices.Index(all, complete)
	if after := all[i+1:]; !d.hub || slices.Contains(after, dataComes) {
		all = append(slices.Delete(all, i, i+1), complete)
	}
	return all
}

// step is the model of the state machine.
func (d *draining) step(event string) {
	switch event {
	case drainHere:
		d.drained = true
	case dataComes:
		d.dataHere++
	case ackComes:
		d.acksHere++
	case goAway:
		d.goAway = true
	case handled:
		d.handled = true
	case complete:
		d.complete = true
	}
	d.saidGoAway = d.drained || d.goAway
	d.saidHandled = d.goAway && d.dataHere == d.data
	d.saidComplete = d.handled && d.acksHere == d.acks && (d.complete || !d.hub)
}
