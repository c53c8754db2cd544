package load

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// crowd is the connections of a run.
type crowd struct {
	network Network
	run     uint32
	names   int          // that were used
	n       atomic.Int64 // connections that are open

	mu     sync.Mutex
	conns  []Conn
	opened time.Duration // how long it took to open them
}

func (c *crowd) init(network Network, run uint32) { c.network, c.run = network, run }

func (c *crowd) count() int64 { return c.n.Load() }

// Connections that are opened and closed at a time. A hub has a short queue of
// those that it has yet to accept, and refuses more.
const (
	maxDialing = 16
	maxClosing = 64
)

// closeTime is how long all connections together may take to end in order.
const closeTime = 30 * time.Second

// open opens n connections, so many at once, and returns when they are open or ctx
// has ended. The first error calls it off; or, with times, each is recorded there,
// as is how long each connection took.
func (c *crowd) open(ctx context.Context, n, atOnce int, times *recorder) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	first, begun := c.names, time.Now()
	c.names += n
	share(n, atOnce, func(worker, place int) bool {
		begun := time.Now()
		conn, err := c.network.Dial(ctx, clientName(c.run, first+place))
		switch {
		case err == nil:
			c.add(conn)
			if times != nil {
				times.done(worker, time.Since(begun))
			}
		case times == nil:
			cancel(fmt.Errorf("connection %d of %d: %w", place+1, n, err))
		case ctx.Err() == nil:
			times.failed(1, err)
			sleep(ctx, pause)
		}
		return ctx.Err() == nil
	})
	c.opened = time.Since(begun)
	return context.Cause(ctx)
}

func (c *crowd) add(conn Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.conns = append(c.conns, conn)
	c.n.Add(1)
}

// close closes all connections, also after ctx has ended. What still was under way
// then was given up, so that it is no error if it is cut off.
func (c *crowd) close(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTime)
	defer cancel()
	share(len(c.conns), maxClosing, func(_, place int) bool {
		_ = c.conns[place].Close(ctx)
		c.n.Add(-1)
		return true
	})
	c.conns = nil
}

// share has workers do the places 0 to n-1, until they are done or a worker finds
// that it should not go on.
func share(n, workers int, do func(worker, place int) bool) {
	var wg sync.WaitGroup
	var next atomic.Int64
	for worker := range min(n, workers) {
		wg.Go(func() {
			for {
				place := int(next.Add(1)) - 1
				if place >= n || !do(worker, place) {
					return
				}
			}
		})
	}
	wg.Wait()
}
