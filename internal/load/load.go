// Package load puts load on a hub and measures how it copes. quic-bench is made
// of it, and so is the comparison in bench/peers, so that all are measured alike.
//
// One process has the connections and measures; the hub is in another or in the
// same one. Between them go the messages of the work, and orders:
//
//	Run                                        hub
//	  Conn.Ask, Conn.Tell -- payloads --------> Tally.Count, in its handler
//	  Network.Order -------- orders ----------> Orders.Handle: how are you, ask
//	                                            my clients, broadcast
//	        <--------------- payloads --------- Hub.Ask, Hub.Broadcast
//
// Each payload begins with the stream that it belongs to, one for each worker that
// sends, and its number there. So the hub can tell what came twice or out of order.
package load

import (
	"context"
	"slices"
	"time"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// Work is what is measured.
type Work string

// The kinds of work.
const (
	Ack       Work = "ack"       // clients ask, the hub's handler answers
	OneWay    Work = "oneway"    // clients tell, the hub's handler counts
	Down      Work = "down"      // the hub asks, the clients' handlers answer
	Broadcast Work = "broadcast" // the hub tells all clients at once
	Connect   Work = "connect"   // connections are opened
	Idle      Work = "idle"      // connections are there, and nothing else
)

// Works returns all kinds.
func Works() []Work { return []Work{Ack, OneWay, Down, Broadcast, Connect, Idle} }

// Spec says what is to be measured.
type Spec struct {
	Work     Work          `json:"work"`
	Conns    int           `json:"conns"`
	InFlight int           `json:"in_flight"` // messages of each connection; for Connect, attempts at once
	Size     int           `json:"size"`      // of a payload, in bytes
	Rate     int           `json:"rate"`      // messages a second of all connections; 0 sends as fast as it goes
	Messages int64         `json:"messages"`  // in all; 0 goes on for Duration
	Duration time.Duration `json:"duration"`
	Warmup   time.Duration `json:"warmup"` // what comes before and does not count
}

// Limits of a Spec.
const (
	MaxConns    = 1_000_000
	MaxInFlight = 50_000
	MaxSize     = 64 << 20
	MaxRate     = 100_000_000
	maxWorkers  = 4_000_000 // goroutines, one for each message in flight
)

// Check returns what cannot be meant, with the code InvalidConfig.
func (s Spec) Check() error {
	exchange := s.Work == Ack || s.Work == OneWay || s.Work == Down
	switch {
	case !slices.Contains(Works(), s.Work):
		return wrong("work is %q: use ack, oneway, down, broadcast, connect or idle", s.Work)
	case s.Conns < 1 || s.Conns > MaxConns:
		return wrong("%d connections: use 1 to %d", s.Conns, MaxConns)
	case s.InFlight < 1 || s.InFlight > MaxInFlight:
		return wrong("%d in flight: use 1 to %d", s.InFlight, MaxInFlight)
	case exchange && s.Conns*s.InFlight > maxWorkers:
		return wrong("%d connections with %d in flight each: use at most %d in all", s.Conns, s.InFlight, maxWorkers)
	case s.Size < HeaderSize || s.Size > MaxSize:
		return wrong("payloads of %d bytes: use %d, which the sequence number takes, to %d", s.Size, HeaderSize, MaxSize)
	case s.Rate < 0 || s.Rate > MaxRate:
		return wrong("a rate of %d: use up to %d messages a second, or 0 for as fast as it goes", s.Rate, MaxRate)
	case s.Rate > 0 && !exchange:
		return wrong("%s has no rate: only ack, oneway and down have one", s.Work)
	case s.Messages < 0 || s.Duration < 0 || s.Warmup < 0:
		return wrong("numbers and times cannot be negative")
	case (s.Messages > 0) == (s.Duration > 0):
		return wrong("set a number of messages or a time, and not both")
	case s.Messages > 0 && s.Work == Idle:
		return wrong("idle connections send no messages: set a time")
	default:
		return nil
	}
}

func wrong(format string, args ...any) error {
	return qerrors.New(qerrors.InvalidConfig, format, args...)
}

// Network is how the load reaches the hub.
type Network interface {
	// Dial opens a connection for the client of this name.
	Dial(ctx context.Context, name string) (Conn, error)
	// Receive has f called with the payload of each message that a client gets
	// from the hub, also of several at a time. It is called once, before Dial.
	Receive(f func(payload []byte))
	// Order passes an order to the [Orders] of the hub and returns the answer.
	Order(ctx context.Context, order []byte) ([]byte, error)
}

// Conn is one connection of a client. All methods may be called from any
// goroutine. A payload is the caller's own again when a call returns.
type Conn interface {
	// Ask sends a payload and waits until the hub's handler has answered.
	Ask(ctx context.Context, payload []byte) error
	// Tell sends a payload and does not wait for its arrival.
	Tell(ctx context.Context, payload []byte) error
	Close(ctx context.Context) error
}

// Hub is what the hub can do to its clients.
type Hub interface {
	// Ask sends a payload to a client and waits until its handler has answered.
	Ask(ctx context.Context, name string, payload []byte) error
	// Broadcast sends a payload to all clients and waits for none. It returns how
	// many were left out.
	Broadcast(ctx context.Context, payload []byte) (failed int, err error)
}
