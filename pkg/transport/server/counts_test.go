package server_test

import (
	"errors"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// accepted returns how many messages with this way and client were accepted.
func (w *world) accepted(way action, client int) (n uint64) {
	for i, s := range w.p.steps {
		if s.action == way && s.client == client && !errors.Is(w.results[i].err, qerrors.ErrNotSent) {
			n++
		}
	}
	return n
}

// downCounts returns how many messages the hub accepted, how many broadcasts
// there were, and what they have dropped.
func (w *world) downCounts() (sent uint64, broadcasts int, dropped map[qerrors.Code]uint64) {
	dropped = make(map[qerrors.Code]uint64)
	for c := range w.clients {
		sent += w.accepted(down, c)
	}
	for i, s := range w.p.steps {
		if s.action != broadcast || errors.Is(w.results[i].err, qerrors.ErrNotSent) {
			continue
		}
		broadcasts++
		sent += uint64(w.results[i].broadcast.Delivered)
		for _, err := range w.results[i].broadcast.Failed {
			dropped[qerrors.CodeOf(err)]++
		}
	}
	return sent, broadcasts, dropped
}

// checkSessions compares the hub's sessions, which have lasted for the whole
// program, with what was accepted.
func (w *world) checkSessions() {
	for c := range w.clients {
		info, ok := w.hub.Client(name(c))
		var sent, received, bytesSent, bytesReceived uint64
		for i, s := range w.p.steps {
			size, r := uint64(s.msg.size), w.results[i]
			_, skipped := r.broadcast.Failed[name(c)]
			switch {
			case errors.Is(r.err, qerrors.ErrNotSent):
			case s.action == up && s.client == c:
				received, bytesReceived = received+1, bytesReceived+size
			case s.action == down && s.client == c, s.action == broadcast && !skipped:
				sent, bytesSent = sent+1, bytesSent+size
			}
		}
		if !ok || info.MessagesSent != sent || info.MessagesReceived != received ||
			info.BytesSent != bytesSent || info.BytesReceived != bytesReceived || info.Strikes != 0 {
			w.Errorf("%s: the session has %+v, want %d messages and %d bytes sent, %d and %d received",
				name(c), info, sent, bytesSent, received, bytesReceived)
		}
	}
}
