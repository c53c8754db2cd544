// Package dispatcher routes messages to the handlers of their types, on a
// bounded number of workers.
//
//	d := dispatcher.NewDispatcher(nil)
//	d.Use(logging)
//	d.RegisterHandler(protocol.MessageType_MESSAGE_TYPE_COMMAND, handler)
//	srv.SetDispatcher(d)
//
// Workers exist while there is work, and who reads messages may be one, see [Intake]: an idle dispatcher has no goroutine, and
// needs no stopping. A full queue makes those who submit wait, in the order in
// which they came; nothing is dropped. Panics of handlers are logged, those of one
// sender with a count every 10 s; [Dispatcher.FlushLog] ends that wait.
package dispatcher

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/monitoring"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// The defaults of [Config].
const (
	DefaultWorkers   = 10
	DefaultQueueSize = 1000
	DefaultTimeout   = 30 * time.Second
)

// More than these cannot be meant: the queue is allocated as a whole.
const (
	maxWorkers   = 1_000_000
	maxQueueSize = 10_000_000
)

// Config configures a dispatcher. A zero field stands for its default, and so
// does a negative one.
type Config struct {
	Workers   int           // handlers that run at once; default 10, at most 1,000,000
	QueueSize int           // messages that wait for a worker; default 1,000, at most 10,000,000
	Timeout   time.Duration // how long a handler may take; default 30 s
	Logger    *slog.Logger  // told of panics, within the bounds of monitoring.Repeats; default slog.Default()
}

// Dispatcher routes messages to handlers. All methods may be called from any
// goroutine. One dispatcher may serve several servers and clients.
type Dispatcher struct {
	made    time.Time // times are counted from here, by the monotonic clock
	timeout time.Duration
	workers int32
	log     *slog.Logger
	repeats *monitoring.Repeats // below log

	queue chan *Task
	alive atomic.Int32 // workers that run or are about to look at the queue, and places of workers that readers have
	busy  atomic.Int32 // handlers that run, but for those that readers run
	lent  lent
	pace  pace

	routes atomic.Pointer[routes] // replaced as a whole, so that reading takes no lock

	mu         sync.Mutex // guards what routes is made from
	handlers   map[protocol.MessageType]Handler
	middleware []Middleware
}

type routes map[protocol.MessageType]Handler

// NewDispatcher returns a dispatcher without handlers. A nil config stands for
// the defaults.
func NewDispatcher(config *Config) *Dispatcher {
	var c Config
	if config != nil {
		c = *config
	}
	if c.Workers <= 0 {
		c.Workers = DefaultWorkers
	}
	if c.QueueSize <= 0 {
		c.QueueSize = DefaultQueueSize
	}
	if c.Timeout <= 0 {
		c.Timeout = DefaultTimeout
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	repeats := monitoring.NewRepeats(c.Logger.Handler())
	d := &Dispatcher{
		made:     time.Now(),
		timeout:  c.Timeout,
		workers:  int32(min(c.Workers, maxWorkers)),
		log:      slog.New(repeats),
		repeats:  repeats,
		queue:    make(chan *Task, min(c.QueueSize, maxQueueSize)),
		handlers: make(map[protocol.MessageType]Handler),
	}
	d.compose()
	return d
}

// RegisterHandler makes h the handler of messages of type t, in the place of an
// earlier one. A nil h takes the type's handler away. Messages that already run
// are not affected.
func (d *Dispatcher) RegisterHandler(t protocol.MessageType, h Handler) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if h == nil {
		delete(d.handlers, t)
	} else {
		d.handlers[t] = h
	}
	d.compose()
}

// Use wraps all handlers, present and to come, in the middleware. The first one
// given is the outermost.
func (d *Dispatcher) Use(middleware ...Middleware) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.middleware = append(d.middleware, middleware...)
	d.compose()
}

func (d *Dispatcher) compose() {
	composed := make(routes, len(d.handlers))
	for t, h := range d.handlers {
		for _, wrap := range slices.Backward(d.middleware) {
			h = wrap(h)
		}
		composed[t] = h
	}
	d.routes.Store(&composed)
	d.pace.reset()
}

// Stats are the sizes of a dispatcher at one time.
type Stats struct {
	Queued, QueueSize int // messages that wait for a worker, and how many may
	Busy, Workers     int // handlers that run, and how many may
}

// Stats returns the present sizes.
func (d *Dispatcher) Stats() Stats {
	return Stats{
		Queued: len(d.queue), QueueSize: cap(d.queue),
		Busy: d.running(), Workers: int(d.workers),
	}
}

// running returns how many handlers run. A reader's becomes a worker's while the places are
// locked.
func (d *Dispatcher) running() int {
	d.lent.mu.Lock()
	defer d.lent.mu.Unlock()
	return int(d.busy.Load()) + d.lent.running()
}

// Outcome is what became of a submitted message.
type Outcome struct {
	Task   *Task                // nil if the message was refused before there was one
	ID     string               // of the message
	Ack    *protocol.AckMessage // the answer, also if the sender has asked for none; it names the message by its number, or if that has none by its id. It is the receiver's for the time of the call
	Wanted bool                 // the sender has asked for it
	Type   protocol.MessageType
	Waited time.Duration // from the arrival until a worker took it
	Ran    bool          // there was a handler, and time for it
	Took   time.Duration // by the handler until now, if it ran
	More   bool          // the Intake that this came by is about to have more, or to rest
	Worker int           // which of the workers has taken it, from 0: two that work at once are seldom the same
}

// Responder receives the outcome of a submitted message.
type Responder interface {
	// Respond is called exactly once for each message, when its handler returned
	// or its time was up.
	Respond(Outcome)
}

// Wrapper is a [Responder] that takes part in the handling of its message.
type Wrapper interface {
	Responder
	// Wrap returns what runs in the place of next, the handler with all its
	// middleware. It is called when a worker has taken the message.
	Wrap(next Handler) Handler
}

// FlushLog logs at once what was only counted of repeated panics, and what else is
// counted together with it; it would be logged within 10 s. The Stop of a server and
// the Close of a client call it; a dispatcher that they do not have by then, because
// SetDispatcher has replaced it, needs a call before the program ends.
func (d *Dispatcher) FlushLog() { d.repeats.Flush() }

// Submit is [Dispatcher.NewTask] without an order, and [Dispatcher.Enqueue].
func (d *Dispatcher) Submit(wait, base context.Context, arrived time.Time, msg *protocol.DataMessage, r Responder) error {
	return d.Enqueue(wait, d.NewTask(base, arrived, msg, nil, r))
}

// Enqueue queues a task for its handler and returns. While the queue is full it waits,
// at most until wait ends, and then returns an error, and there is no outcome.
func (d *Dispatcher) Enqueue(wait context.Context, t *Task) error {
	if !t.first() {
		return nil // whoever runs the one before goes on with it
	}
	err := d.enqueue(wait, t)
	if err != nil {
		t.giveUp()
	}
	return err
}

func (d *Dispatcher) enqueue(wait context.Context, t *Task) error {
	select {
	case d.queue <- t:
	default:
		select {
		case d.queue <- t:
		case <-wait.Done():
			return qerrors.From(context.Cause(wait))
		}
	}
	d.wake()
	return nil
}
