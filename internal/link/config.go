package link

import (
	"context"
	"iter"
	"log/slog"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"

	"github.com/voilet/QuicFlow/internal/fields"
	"github.com/voilet/QuicFlow/pkg/callback"
	"github.com/voilet/QuicFlow/pkg/dispatcher"
	"github.com/voilet/QuicFlow/pkg/monitoring"
)

// DefaultMaxQueueBytes is how much may wait to be sent on one connection.
const DefaultMaxQueueBytes = 4 << 20

// Config is what all links of one client or server share.
type Config struct {
	Hub           bool // this side is the hub: it says which client a message is from
	MaxPayload    int  // the largest payload or result this side accepts, in bytes
	MaxQueueBytes int  // what may wait to be sent of each class
	Promises      *callback.Manager
	Metrics       *monitoring.Metrics
	Registry      func() *prometheus.Registry // has Metrics; made when first asked for
	Events        *monitoring.Events
	Log           *slog.Logger // limits repeats
	Tasks         Tasks        // the handlers that have yet to answer
	MaxClients    int          // on the hub: how many links there may be

	// Epoch names this run of the hub.
	Epoch string

	// Certificate is what this side shows to its peers; nil for nothing. Set once,
	// before the first link.
	Certificate Certificate

	// Links returns the links in use. Set once, before the first of them.
	Links func() iter.Seq[*Link]

	// Control acts on control frames that are not the link's own business, on the goroutine
	// that reads them; nil ignores them. Set once, before the first link.
	Control func(l *Link, kind any)
	Rates   Rates // how fast a peer may send

	nothing    chan struct{} // closed: links share it that have nothing to send again
	repeats    *monitoring.Repeats
	clock      clock
	share      share
	traffic    traffic
	links      atomic.Uint32 // that were made
	tracer     *tracer
	base       context.Context // the parent of the handlers' contexts
	cancel     context.CancelFunc
	dispatcher atomic.Pointer[dispatcher.Dispatcher]
}

// Options are the fields that the configurations of clients and servers share.
type Options struct {
	MaxPayload, MaxQueueBytes, MaxPromises int
	MaxQueueBytesTotal                     int // of all links together; 0 for no limit
	Logger                                 *slog.Logger
	Hooks                                  *monitoring.EventHooks
	TracerProvider                         trace.TracerProvider
}

// NewConfig makes a Config of what the user gave, and notes in check what is
// wrong with it.
func NewConfig(o Options, check *fields.Checker) *Config {
	check.Int("MaxPayload", &o.MaxPayload, DefaultMaxPayload, HighestMaxPayload)
	check.Int("MaxQueueBytes", &o.MaxQueueBytes, DefaultMaxQueueBytes, math.MaxInt32)
	check.Int("MaxPromises", &o.MaxPromises, callback.DefaultMaxPromises, math.MaxInt32)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	repeats := monitoring.NewRepeats(o.Logger.Handler())
	c := &Config{
		MaxPayload:    o.MaxPayload,
		MaxQueueBytes: o.MaxQueueBytes,
		Promises:      callback.NewManager(o.MaxPromises),
		Log:           slog.New(repeats),
		nothing:       make(chan struct{}),
		repeats:       repeats,
		Links:         func() iter.Seq[*Link] { return func(func(*Link) bool) {} },
		tracer:        newTracer(o.TracerProvider),
	}
	close(c.nothing)
	c.share.limit = int64(o.MaxQueueBytesTotal)
	c.Metrics = monitoring.NewMetrics(c.state)
	c.Events = monitoring.NewEvents(o.Hooks, c.Log, c.Metrics)
	c.Registry = sync.OnceValue(func() *prometheus.Registry { return monitoring.NewRegistry(c.Metrics) })
	c.base, c.cancel = context.WithCancel(context.Background())
	c.SetDispatcher(nil)
	return c
}

// SetDispatcher makes d handle the messages that arrive from now on. A nil d
// stands for one that only says that there is no handler.
func (c *Config) SetDispatcher(d *dispatcher.Dispatcher) {
	if d == nil {
		d = dispatcher.NewDispatcher(&dispatcher.Config{Workers: 1, QueueSize: 1})
	}
	c.dispatcher.Store(d)
}

// FlushLog logs what was only counted so far, here and in the dispatcher.
func (c *Config) FlushLog() {
	c.dispatcher.Load().FlushLog()
	c.repeats.Flush()
}

// CancelHandlers ends the contexts of all handlers, now and to come.
func (c *Config) CancelHandlers() { c.cancel() }

// grace is how long handlers get to notice that their contexts were cancelled.
const grace = time.Second

// Finish waits for the handlers that still run until ctx ends. Then it cancels
// their contexts, and gives them a second to return. It returns how many had not
// answered when ctx ended.
func (c *Config) Finish(ctx context.Context) int {
	defer c.cancel()
	unfinished := c.Tasks.Wait(ctx)
	if unfinished > 0 {
		c.cancel()
		last, cancel := context.WithTimeout(context.Background(), grace)
		defer cancel()
		c.Tasks.Wait(last)
	}
	return unfinished
}
