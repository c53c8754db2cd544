package server_test

import (
	"errors"
	"fmt"
	"maps"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/monitoring"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// check compares what happened with what each side was told.
func (w *world) check() {
	for i, s := range w.p.steps {
		switch s.action {
		case up:
			w.checkSend(i, w.at[s.client], w.atHub)
		case down:
			w.checkSend(i, w.atHub, w.at[s.client])
		case broadcast:
			w.checkBroadcast(i)
		}
	}
	hubSent, broadcasts, dropped := w.downCounts()
	if w.atHub.broadcasts != broadcasts {
		w.Errorf("the hook was told of %d broadcasts, want %d", w.atHub.broadcasts, broadcasts)
	}
	w.checkCounters("the hub", w.atHub, w.hub.GetMetrics(), hubSent, dropped)
	for c, o := range w.at {
		w.checkCounters(name(c), o, w.clients[c].GetMetrics(), w.accepted(up, c), nil)
	}
	for info := range w.hub.Clients() {
		w.Errorf("a hub that has stopped has the client %s", info.ClientID)
	}
}

// checkSend is the promise to the sender of message i.
func (w *world) checkSend(i int, from, to *observer) {
	id, r := fmt.Sprint(i), w.results[i]
	n := to.handled[id]
	complain := func(what string) {
		w.Errorf("message %s, %v: handled %d times, %v, %v: %s", id, w.p.steps[i], n, r.ack, r.err, what)
	}
	if told := from.sent[id]; len(told) != 1 || qerrors.CodeOf(told[0]) != qerrors.CodeOf(r.err) {
		complain(fmt.Sprintf("the hook was told of %v", told))
	}
	notSent, unknown := errors.Is(r.err, qerrors.ErrNotSent), errors.Is(r.err, qerrors.ErrOutcomeUnknown)
	switch {
	case n > 1:
		complain("handled more than once")
	case notSent && (unknown || n > 0):
		complain("it was not sent")
	case r.err != nil && !notSent && !unknown:
		complain("the error does not say what is known")
	case unknown && (!w.p.steps[i].msg.waitAck || w.p.calm() && qerrors.CodeOf(r.err) == qerrors.ConnectionLost):
		complain("the outcome must be known")
	case r.err == nil && w.p.steps[i].msg.waitAck:
		w.checkAck(i, n, r.ack, complain)
	case r.err == nil && (r.ack != nil || n == 0 && w.p.calm()):
		complain("it was accepted")
	}
}

// checkAck is what an acknowledgement says.
func (w *world) checkAck(i, handled int, ack *protocol.AckMessage, complain func(string)) {
	switch code := qerrors.Code(ack.GetCode()); {
	case ack.GetMsgId() != fmt.Sprint(i):
		complain("an acknowledgement for another message")
	case code == qerrors.DeadlinePassed && ack.Status == protocol.AckStatus_ACK_STATUS_TIMEOUT:
	case handled != 1:
		complain("acknowledged")
	case failing(i) && (code != qerrors.HandlerFailed || ack.Status != protocol.AckStatus_ACK_STATUS_FAILURE || ack.Error != errHandler.Error()):
		complain("its handler has failed")
	case !failing(i) && (ack.Status != protocol.AckStatus_ACK_STATUS_SUCCESS || string(ack.Result) != text(i, w.p.steps[i].msg.size)):
		complain("its handler has succeeded")
	}
}

func (w *world) checkBroadcast(i int) {
	id, r := fmt.Sprint(i), w.results[i]
	switch code := qerrors.CodeOf(r.err); {
	case code == qerrors.OK, code == qerrors.Canceled:
	case code != qerrors.Draining || !w.ended || !errors.Is(r.err, qerrors.ErrNotSent) || r.broadcast.Total > 0:
		w.Errorf("broadcast %s: %v, %+v", id, r.err, r.broadcast)
	}
	if r.broadcast.Delivered+len(r.broadcast.Failed) != r.broadcast.Total {
		w.Errorf("broadcast %s: %+v", id, r.broadcast)
	}
	handled := 0
	for c, o := range w.at {
		n, failed := o.handled[id], r.broadcast.Failed[name(c)]
		if n > 1 || failed != nil && (n > 0 || !errors.Is(failed, qerrors.ErrNotSent)) {
			w.Errorf("broadcast %s was handled %d times by %s: %v", id, n, name(c), failed)
		}
		handled += n
	}
	if handled > r.broadcast.Delivered || handled < r.broadcast.Delivered && w.p.calm() {
		w.Errorf("broadcast %s: handled by %d, delivered to %d", id, handled, r.broadcast.Delivered)
	}
}

// checkCounters is about what the observer and the counters of one side have to agree about.
func (w *world) checkCounters(who string, o *observer, m monitoring.Snapshot, sent uint64, dropped map[qerrors.Code]uint64) {
	for _, what := range append(o.disorder, o.corrupt...) {
		w.Errorf("%s: %s", who, what)
	}
	for id, n := range o.alive {
		if n != 0 {
			w.Errorf("%s was not told of the end of a connection of %s", who, id)
		}
	}
	if m.MessagesSent != sent+m.Resent || m.MessagesReceived != uint64(o.received)+m.Repeated || m.Connections != uint64(o.connections) || m.EventsDropped != 0 {
		w.Errorf("%s: counted %+v; %d were accepted, the hooks were told of %d arrivals and %d connections", who, m, sent, o.received, o.connections)
	}
	if o != w.atHub && m.Reconnects != uint64(o.reconnects) {
		w.Errorf("%s: counted %d reconnects, the hook was told of %d", who, m.Reconnects, o.reconnects)
	}
	if w.p.calm() && !maps.Equal(m.Dropped, dropped) && len(m.Dropped)+len(dropped) > 0 {
		w.Errorf("%s: counted as dropped %v, want %v", who, m.Dropped, dropped)
	}
	if answered := m.HandlerFailures[qerrors.DeadlinePassed] + m.HandlerFailures[qerrors.HandlerCanceled]; answered == 0 && m.HandlerFailures[qerrors.HandlerFailed] != uint64(o.failures) {
		w.Errorf("%s: counted as failed %v; %d handlers have failed", who, m.HandlerFailures, o.failures)
	}
	w.checkSums(who, o, m)
}

// addUntold adds the failed sends of one side that no hook is told of as such:
// broadcasts that were refused, and acknowledgements that say that the time was over.
func (w *world) addUntold(o *observer, failed map[qerrors.Code]uint64) {
	for i, s := range w.p.steps {
		r := w.results[i]
		switch {
		case s.action == broadcast && o == w.atHub && qerrors.CodeOf(r.err) == qerrors.Draining:
			failed[qerrors.Draining]++
		case r.ack.GetStatus() != protocol.AckStatus_ACK_STATUS_TIMEOUT:
		case s.action == down && o == w.atHub, s.action == up && o == w.at[s.client]:
			failed[qerrors.Timeout]++
		}
	}
}

// checkSums is about counters that are about the same messages.
func (w *world) checkSums(who string, o *observer, m monitoring.Snapshot) {
	failed := map[qerrors.Code]uint64{}
	for _, errs := range o.sent {
		for _, err := range errs {
			if err != nil {
				failed[qerrors.CodeOf(err)]++
			}
		}
	}
	w.addUntold(o, failed)
	if !maps.Equal(m.Failed, failed) {
		w.Errorf("%s: counted as failed sends %v, the hook was told of %v", who, m.Failed, failed)
	}
	if p := m.Promises; p.Active != 0 || p.Created != p.Completed+p.TimedOut+p.Canceled+p.Lost {
		w.Errorf("%s: at the end there are the promises %+v", who, p)
	}
	var handled, roundTrips, runs uint64
	for _, n := range m.Handled {
		handled += n
	}
	for _, d := range m.RoundTrips {
		roundTrips += d.Count
	}
	for _, n := range o.handled {
		runs += uint64(n)
	}
	if roundTrips != m.Promises.Completed {
		w.Errorf("%s: %d round trips were timed, %d acknowledgements came", who, roundTrips, m.Promises.Completed)
	}
	if handled > m.MessagesReceived || w.p.calm() && handled < m.MessagesReceived || m.QueueWait.Count != handled || m.HandlerDuration.Count != runs {
		w.Errorf("%s: of %d messages %d were answered, %d waits and %d of %d handlers timed",
			who, m.MessagesReceived, handled, m.QueueWait.Count, m.HandlerDuration.Count, runs)
	}
}
