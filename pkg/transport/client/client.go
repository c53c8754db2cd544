// Package client is a client of the hub: it keeps one connection, and exchanges
// messages over it.
//
//	c, err := client.NewClient(&client.ClientConfig{
//		ClientID:         "client-001",
//		TLSCAFile:        "certs/ca.crt",
//		ReconnectEnabled: true,
//	})
//	...
//	c.SetDispatcher(d)
//	if err := c.Connect("localhost:8474"); err != nil { ... }
//	ack, err := c.SendMessage(ctx, msg, true, 0)
//	...
//	err = c.Close(ctx)
//
// Errors are described in package errors. All methods may be called from any
// goroutine.
package client

import (
	"context"
	"errors"
	"iter"
	"sync"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/voilet/QuicFlow/internal/link"
	"github.com/voilet/QuicFlow/pkg/dispatcher"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/monitoring"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// Client is one client of the hub.
type Client struct {
	config ClientConfig
	link   *link.Config
	cert   *certificate
	talk   *link.Conversation // with the hub, over one connection after another

	current atomic.Pointer[link.Link] // the link in use; nil while there is none

	mu      sync.Mutex
	state   State
	changed chan struct{} // closed and replaced when state changes
	cause   error         // why there is no connection
	stop    context.CancelFunc
	exited  chan struct{} // closed when the latest runner has ended

	done chan struct{} // closed when the client has reached StateClosed
}

func newClient(c ClientConfig, shared *link.Config, cert *certificate) *Client {
	client := &Client{
		config: c, link: shared, cert: cert, talk: shared.NewConversation(c.ClientID),
		changed: make(chan struct{}),
		done:    make(chan struct{}),
		cause:   qerrors.New(qerrors.NotConnected, "call Connect first"),
	}
	shared.Links, shared.Control = client.links, client.control
	return client
}

// SetDispatcher makes d handle the messages that arrive from now on. Without one
// each message is answered with a FAILURE that says there is no handler.
func (c *Client) SetDispatcher(d *dispatcher.Dispatcher) { c.link.SetDispatcher(d) }

// Connect connects to the hub at addr, host:port. It returns after the first
// attempt: nil if the session is open, or if a later attempt may succeed and
// ReconnectEnabled is set; then the client goes on in the background. Any other
// error leaves the client idle, ready for another Connect.
func (c *Client) Connect(addr string) error {
	exited := make(chan struct{})
	ctx, err := c.begin(exited)
	if err != nil {
		return err
	}
	first := make(chan error, 1)
	go func() {
		defer close(exited)
		(&runner{c: c, own: addr, addrs: []string{addr}, first: first}).run(ctx)
	}()
	if err := <-first; err != nil {
		<-exited
		return err
	}
	return nil
}

// begin leaves StateIdle, for a runner that will close exited when it ends.
func (c *Client) begin(exited chan struct{}) (context.Context, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch c.state {
	case StateIdle:
	case StateClosed:
		return nil, closed(c.cause)
	default:
		return nil, qerrors.New(qerrors.InvalidArgument, "Connect was called before: make another client for another hub")
	}
	ctx, stop := context.WithCancel(context.Background())
	c.stop, c.exited = stop, exited
	c.setState(StateConnecting, qerrors.New(qerrors.NotConnected, "the first attempt to connect is under way"))
	return ctx, nil
}

// State returns what the client is doing.
func (c *Client) State() State {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state
}

// Done is closed when the client is closed: by Close, or because it gave up.
func (c *Client) Done() <-chan struct{} { return c.done }

// Err returns why there is no connection, and nil while there is one.
func (c *Client) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cause
}

// Ready returns why messages cannot be sent at the moment, and nil while they can:
// there is a connection, and the hub is not about to end it.
func (c *Client) Ready() error {
	if err := c.Err(); err != nil {
		return err
	}
	if l := c.current.Load(); l != nil && l.GoneAway() != nil {
		return qerrors.New(qerrors.Draining, "the hub is ending the connection")
	}
	return nil
}

// GetMetrics returns the present state and all that was counted so far.
func (c *Client) GetMetrics() monitoring.Snapshot { return c.link.Metrics.Snapshot() }

// Registry returns the registry with the client's metrics, which are what
// GetMetrics returns. It is the client's own: two clients in a process have two.
// Collectors of the application may be added to it.
func (c *Client) Registry() *prometheus.Registry { return c.link.Registry() }

// Reloads counts what becomes of files that are read again when they change. The
// application may add what becomes of its own.
func (c *Client) Reloads() *monitoring.Reloads { return &c.link.Metrics.Reloads }

// links has the link in use, if there is one.
func (c *Client) links() iter.Seq[*link.Link] {
	return func(yield func(*link.Link) bool) {
		if l := c.current.Load(); l != nil {
			yield(l)
		}
	}
}

// setState is called with mu held.
func (c *Client) setState(s State, cause error) {
	c.state, c.cause = s, cause
	close(c.changed)
	c.changed = make(chan struct{})
}

func closed(cause error) error {
	if errors.Is(cause, qerrors.ErrClosed) {
		return cause
	}
	return qerrors.New(qerrors.Closed, "the client has given up: %w", cause)
}

// Close ends the client in order: no new messages; what is under way in either
// direction is handled and acknowledged. When it returns, nothing of the client
// runs any more, except handlers that ignore the end of their context. A handler
// that calls Close has to do so on a goroutine of its own, since Close waits for
// handlers. When ctx ends first, the connection is closed as it is, and an error
// says so.
func (c *Client) Close(ctx context.Context) error {
	c.mu.Lock()
	before := c.state
	if before != StateClosed {
		c.setState(StateClosed, &qerrors.Error{Code: qerrors.Closed, Message: "the client was closed"})
	}
	c.mu.Unlock()
	var err error
	if l := c.current.Load(); l != nil {
		err = l.Drain(ctx, &protocol.GoAway{Reason: "the client is being closed"})
	}
	switch before {
	case StateIdle:
		close(c.done)
	case StateClosed:
	default:
		c.stop()
	}
	// Soon: the connection has ended, by the drain or because ctx did.
	<-c.done
	c.mu.Lock()
	exited := c.exited
	c.mu.Unlock()
	if exited != nil {
		<-exited
	}
	unfinished := c.link.Finish(ctx)
	_ = c.link.Events.Wait(ctx) // hooks that have yet to run do so afterwards
	c.link.FlushLog()
	if err == nil && unfinished > 0 {
		err = qerrors.New(qerrors.Timeout,
			"closed before all was done: %d messages were not handled: %w", unfinished, context.Cause(ctx))
	}
	return err
}
