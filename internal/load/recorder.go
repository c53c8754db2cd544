package load

import (
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// What a histogram can tell apart: latencies up to an hour, to a microsecond or
// three digits.
const (
	lowestLatency  = time.Microsecond
	highestLatency = time.Hour
	digits         = 3
)

func newHistogram() *hdrhistogram.Histogram {
	return hdrhistogram.New(int64(lowestLatency), int64(highestLatency), digits)
}

// recorder collects how the messages of a phase went. All methods may be called
// from any goroutine.
type recorder struct {
	shards [recorderShards]recorderShard

	mu     sync.Mutex
	errors int64
	first  error
}

// recorderShards keeps workers out of each other's way. A histogram is a few
// hundred KB, too much for each worker to have one.
const recorderShards = 16

type recorderShard struct {
	mu sync.Mutex
	h  *hdrhistogram.Histogram // nil before the first
	_  [64]byte                // the next one is on another cache line
}

// done records the latency of a message that went well.
func (r *recorder) done(worker int, latency time.Duration) {
	shard := &r.shards[worker%recorderShards]
	shard.mu.Lock()
	defer shard.mu.Unlock()
	if shard.h == nil {
		shard.h = newHistogram()
	}
	_ = shard.h.RecordValue(int64(min(max(latency, 0), highestLatency))) // which is within its range
}

// failed records n messages that did not.
func (r *recorder) failed(n int64, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.errors == 0 {
		r.first = err
	}
	r.errors += n
}

// failures returns how many did not, and why the first did not.
func (r *recorder) failures() (int64, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.errors, r.first
}

// count returns how many went well.
func (r *recorder) count() (n int64) {
	for i := range r.shards {
		shard := &r.shards[i]
		shard.mu.Lock()
		if shard.h != nil {
			n += shard.h.TotalCount()
		}
		shard.mu.Unlock()
	}
	return n
}

// latencies returns the latencies of those that went well.
func (r *recorder) latencies() *hdrhistogram.Histogram {
	all := newHistogram()
	for i := range r.shards {
		shard := &r.shards[i]
		shard.mu.Lock()
		if shard.h != nil {
			all.Merge(shard.h)
		}
		shard.mu.Unlock()
	}
	return all
}

// measured is how a part of a run went.
type measured struct {
	elapsed   time.Duration
	latencies *hdrhistogram.Histogram
	errors    int64
	first     string // what the first of them was
}

func (r *recorder) measured(elapsed time.Duration) measured {
	m := measured{elapsed: elapsed, latencies: r.latencies()}
	errors, first := r.failures()
	if m.errors = errors; first != nil {
		m.first = first.Error()
	}
	return m
}

// add adds an error of the run itself.
func (m *measured) add(err error) {
	if m.errors++; m.first == "" {
		m.first = err.Error()
	}
}
