package load

import (
	"context"
	"sync"
	"time"
)

// phase is a number of workers that send at the same time.
type phase struct {
	recorder

	spec  Spec
	run   uint32
	first int // of its streams: those of a run are numbered on
	// send sends a payload for a worker, and returns when the worker may go on.
	send func(ctx context.Context, worker int, payload []byte) error
}

// A worker waits a little after an error, and gives up after so many in a row:
// most likely its connection is gone.
const (
	pause     = 10 * time.Millisecond
	maxErrors = 10
)

// work runs InFlight workers for each connection, and returns how long it took until
// the last message that went well: a hub that is gone keeps its answers for as long as
// a message may take, and nothing is measured by that. What is under way when ctx ends
// is waited for. Workers w, w+Conns, w+2*Conns and so on share a connection.
func (p *phase) work(ctx context.Context) time.Duration {
	pace := newPace(p.spec)
	var wg sync.WaitGroup
	var mu sync.Mutex
	last := pace.begun
	for worker := range p.spec.Conns * p.spec.InFlight {
		wg.Go(func() {
			end := p.worker(ctx, worker, pace)
			mu.Lock()
			defer mu.Unlock()
			if end.After(last) {
				last = end
			}
		})
	}
	wg.Wait()
	return last.Sub(pace.begun)
}

// worker sends until there is nothing left to send, or most likely no connection. It
// returns when its last message that went well had done so; zero if none has.
func (p *phase) worker(ctx context.Context, worker int, pace *pace) (last time.Time) {
	uncut := context.WithoutCancel(ctx)
	payloads := newStream(p.run, p.first+worker, p.spec.Size)
	for now, errors := time.Now(), 0; errors < maxErrors; {
		due, ok := pace.take(ctx, now)
		if !ok {
			break
		}
		err := p.send(uncut, worker, payloads.take())
		now = time.Now()
		if err == nil {
			p.done(worker, now.Sub(due))
			last, errors = now, 0
			continue
		}
		p.failed(1, err)
		errors++
		sleep(ctx, pause)
		now = time.Now()
	}
	return last
}
