package load

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// exchange measures messages of all connections, which either side begins.
func (r *Run) exchange(ctx context.Context) (Report, error) {
	r.Network.Receive(func([]byte) {})
	defer r.close(ctx)
	if err := r.open(ctx); err != nil {
		return Report{}, err
	}
	do := r.send
	if r.Spec.Work == Down {
		do = r.down
	}
	return r.steps(ctx, do)
}

// send measures messages that clients begin.
func (r *Run) send(ctx context.Context, spec Spec) (Report, error) {
	m, err := r.begin(ctx)
	if err != nil {
		return Report{}, err
	}
	conns, call := r.crowd.conns, Conn.Ask
	if spec.Work == OneWay {
		call = Conn.Tell
	}
	p := &phase{spec: spec, run: r.id, first: r.streams,
		send: func(ctx context.Context, worker int, payload []byte) error {
			return call(conns[worker%len(conns)], ctx, payload)
		}}
	r.streams += spec.Conns * spec.InFlight
	r.doing("sending", p.count)
	elapsed := p.work(ctx)
	if spec.Work == OneWay {
		elapsed += r.arrived(ctx, p, m.before.Received)
	}
	return m.end(ctx, p.measured(elapsed)), nil
}

// What is on its way may take a while, but not stand still.
const (
	pollInterval  = 2 * time.Millisecond
	maxStandstill = 10 * time.Second
)

// arrived waits until the hub has handled all that p has sent, and returns how long
// that took. What does not arrive counts as failed.
func (r *Run) arrived(ctx context.Context, p *phase, before uint64) time.Duration {
	sent := uint64(p.count())
	begun := time.Now()
	for moved, last := begun, before; ; time.Sleep(pollInterval) {
		s, err := r.sample(ctx, false)
		now := time.Now()
		if err == nil && s.Received > last {
			moved, last = now, s.Received
		}
		lost := int64(sent - min(sent, last-before))
		switch {
		case lost == 0:
			return now.Sub(begun)
		case err != nil:
			p.failed(lost, err)
			return moved.Sub(begun)
		case now.Sub(moved) > maxStandstill:
			p.failed(lost, fmt.Errorf("%d of %d messages have not arrived", lost, sent))
			return moved.Sub(begun)
		}
	}
}

// down measures messages that the hub begins: it is told to, and watched.
func (r *Run) down(ctx context.Context, spec Spec) (Report, error) {
	m, err := r.begin(ctx)
	if err != nil {
		return Report{}, err
	}
	if err := r.order(ctx, order{Do: downOrder, Run: r.id, Spec: &spec}, nil); err != nil {
		return Report{}, err
	}
	o, err := r.watchDown(ctx)
	if err != nil {
		return Report{}, err
	}
	latencies, err := hdrhistogram.Decode([]byte(o.Latencies))
	if err != nil {
		return Report{}, fmt.Errorf("the hub's latencies cannot be read: %w", err)
	}
	return m.end(ctx, measured{o.Elapsed, latencies, o.Errors, o.FirstError}), nil
}

// downInterval is how often the hub is asked how far it is.
const downInterval = 50 * time.Millisecond

// watchDown returns the outcome once the hub is done, or was stopped, which it is
// when the stop is answered.
func (r *Run) watchDown(ctx context.Context) (o outcome, err error) {
	var seen atomic.Int64
	r.doing("the hub asks", seen.Load)
	for !o.Done {
		stopped := !sleep(ctx, downInterval)
		if stopped {
			if err := r.order(ctx, order{Do: stopOrder}, nil); err != nil {
				return o, err
			}
		}
		if err := r.order(ctx, order{Do: progressOrder}, &o); err != nil {
			return o, err
		}
		if stopped && !o.Done {
			return o, errors.New("the hub goes on to ask, although it was told to stop")
		}
		seen.Store(o.Messages)
	}
	return o, nil
}
