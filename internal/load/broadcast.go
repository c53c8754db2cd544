package load

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// broadcast measures how long it takes from the order to tell all clients until the
// last of them has handled it, one broadcast after another.
func (r *Run) broadcast(ctx context.Context) (Report, error) {
	var c cast
	r.Network.Receive(c.arrived)
	defer r.close(ctx)
	if err := r.open(ctx); err != nil {
		return Report{}, err
	}
	return r.steps(ctx, func(ctx context.Context, spec Spec) (Report, error) {
		m, err := r.begin(ctx)
		if err != nil {
			return Report{}, err
		}
		payloads := newStream(r.id, r.streams, spec.Size)
		r.streams++
		var rec recorder
		r.doing("broadcasting", rec.count)
		pace := newPace(spec)
		last := pace.begun // when one went well: waiting in vain measures nothing
		for now := time.Now(); ; now = time.Now() {
			due, ok := pace.take(ctx, now)
			if !ok {
				break
			}
			if missed, err := r.tellAll(ctx, &c, payloads.take()); err != nil {
				rec.failed(missed, err)
				sleep(ctx, pause)
				continue
			}
			last = time.Now()
			rec.done(0, last.Sub(due))
		}
		return m.end(ctx, rec.measured(last.Sub(pace.begun))), nil
	})
}

// lateBroadcast is how long a broadcast may take.
const lateBroadcast = 30 * time.Second

// tellAll makes one broadcast, and returns how many connections it did not reach
// and why.
func (r *Run) tellAll(ctx context.Context, c *cast, payload []byte) (missed int64, err error) {
	all := c.begin(payload, len(r.crowd.conns))
	var failed int
	if err := r.order(ctx, order{Do: broadcastOrder, Payload: payload}, &failed); err != nil {
		return int64(len(r.crowd.conns)), err
	}
	select {
	case <-all:
		return 0, nil
	case <-time.After(lateBroadcast):
	}
	missed = int64(c.end())
	return missed, fmt.Errorf("a broadcast has not reached %d of %d connections within %v; the hub says it left out %d",
		missed, len(r.crowd.conns), lateBroadcast, failed)
}

// cast is a broadcast that is under way.
type cast struct {
	mu             sync.Mutex
	stream, number uint64
	left           int // connections that it has yet to reach
	all            chan struct{}
}

// begin expects a payload, and returns what is closed when it has arrived n times.
func (c *cast) begin(payload []byte, n int) <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stream, c.number, _ = header(payload)
	c.left, c.all = n, make(chan struct{})
	return c.all
}

// arrived notes the arrival of a payload; of the one expected, that is.
func (c *cast) arrived(payload []byte) {
	stream, number, ok := header(payload)
	c.mu.Lock()
	defer c.mu.Unlock()
	if !ok || stream != c.stream || number != c.number || c.left == 0 {
		return
	}
	if c.left--; c.left == 0 {
		close(c.all)
	}
}

// end gives up, and returns how many are missing.
func (c *cast) end() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	missing := c.left
	c.left = 0
	return missing
}
