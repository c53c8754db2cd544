package client

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/voilet/QuicFlow/internal/link"
	"github.com/voilet/QuicFlow/internal/quicnet"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// QUIC probes a network that is dark at intervals that double (RFC 9002, section 6.2.1),
// and with a full congestion window it sends nothing else. So once the network is back, a
// connection may stand still for as long again. A client whose packets have no answer
// dials another connection beside it, whose handshake is probed anew each time. When that
// is there, a ping on the old one has QUIC send all again, if it can leave. If it has no
// answer, the session goes on with the new connection, and nothing is lost.
//
// It may be the hub that stands still, because it has too much to do. Its idle clients,
// with nothing but a heartbeat under way, do not add a handshake each: they wait longer,
// each for as long as chance has it.
const (
	inARow     = 3                      // so many packets without one from the hub are no accident
	silent     = 700 * time.Millisecond // how long that lasts at least; and 6 probe timeouts
	patience   = 5 * time.Second        // and with nothing under way, also between two attempts; up to twice that, at random
	lookIdle   = 2 * time.Second        // how often it is looked while there is no traffic
	lookBusy   = 300 * time.Millisecond // and otherwise
	besideTime = 500 * time.Millisecond // for one attempt at least, in which QUIC sends its first packet twice; and 6 probe timeouts
	besideWait = 100 * time.Millisecond // between two; a random part of it
	pongTime   = 200 * time.Millisecond // for an answer to the ping, at least; and 3 probe timeouts
)

// standstill watches a connection. It belongs to the goroutine of the heartbeats.
type standstill struct {
	conn           *quicnet.Conn
	link           *link.Link                                   // on it
	dial           func(context.Context) (*quicnet.Conn, error) // nil if there is to be no other connection
	sent, received uint64                                       // packets, when last one had come
	came           time.Time                                    // when that was found
	said           uint64                                       // by the link, when nothing of it was without an answer
	since          time.Time                                    // when that was, or when there was no reason yet for another one
	patient        time.Time                                    // until when, if nothing is under way

	result chan *quicnet.Conn // of the attempt that is under way: nil without success
	cancel context.CancelFunc // it; nil if there is none
	next   *quicnet.Conn      // that is there; nil if there is none
}

// look returns when to look again, or that the connection stands still while another one
// is there. It begins an attempt to dial when it is time for that.
func (s *standstill) look(now time.Time) (again time.Duration, stuck bool) {
	sent, received := s.conn.Packets()
	switch {
	case received != s.received:
		s.sent, s.received, s.came = sent, received, now
		s.wait(now)
		s.end("the connection before goes on")
	case s.next != nil:
		return 0, true
	case sent-s.sent < inARow:
		s.wait(now)
		if sent == s.sent {
			if now.Sub(s.came) >= lookIdle { // QUIC would have repeated what had no answer
				s.said = s.link.Said()
			}
			return lookIdle, false
		}
	case s.dial != nil && s.cancel == nil && now.Sub(s.since) >= max(silent, 6*s.conn.ProbeTimeout()) &&
		(s.underWay() || now.After(s.patient)):
		s.begin(now)
	}
	return lookBusy, false
}

// wait notes that the hub need not have answered before now.
func (s *standstill) wait(now time.Time) { s.since, s.patient = now, patientUntil(now) }

func patientUntil(now time.Time) time.Time { return now.Add(patience + rand.N(patience)) }

// underWay reports whether more than heartbeats is.
func (s *standstill) underWay() bool { return s.link.Said() != s.said || s.link.Awaits() }

func (s *standstill) begin(now time.Time) {
	s.patient = patientUntil(now)
	ctx, cancel := context.WithTimeout(s.conn.Context(), max(besideTime, 6*s.conn.ProbeTimeout()))
	s.cancel, s.result = cancel, make(chan *quicnet.Conn, 1)
	result := s.result
	go func() {
		conn, _ := s.dial(ctx) // it fails for as long as the network is dark
		result <- conn
	}()
}

// took is told what the attempt has brought, and returns when to look again.
func (s *standstill) took(next *quicnet.Conn, ping func()) (again time.Duration) {
	s.cancel()
	s.cancel, s.result = nil, nil
	if s.next = next; next == nil {
		return rand.N(besideWait)
	}
	ping()
	return max(pongTime, 3*s.conn.ProbeTimeout())
}

// end ends the attempt, and the connection that it may have brought.
func (s *standstill) end(why string) {
	if s.cancel != nil {
		s.cancel()
		s.next = <-s.result
		s.cancel, s.result = nil, nil
	}
	if s.next != nil {
		s.next.Close(qerrors.OK, why)
		s.next = nil
	}
}
