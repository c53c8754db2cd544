package monitoring

import (
	"math"
	"sync/atomic"
	"time"
)

// A Histogram has the buckets of Prometheus' native histograms of schema 3: eight
// for each doubling, so that a quantile is off by at most 9 %. They reach from
// 60 ns to 68 minutes; what is outside is counted in the first or the last.
const (
	schema        = 3
	perDoubling   = 1 << schema
	lowestPower   = -24
	highestPower  = 12
	lowestIndex   = lowestPower * perDoubling // of Prometheus: up to 2^-24 s
	numBuckets    = (highestPower-lowestPower)*perDoubling + 2
	mantissaBits  = 52
	exponentShift = 1023
)

// Histogram counts durations. It is ours because it is on the path of each
// message: recording one takes two atomic operations, about a third of
// what prometheus.Histogram needs (BenchmarkObserve). Its methods may be called from
// any goroutine; the zero value is empty, and takes 16 bytes.
type Histogram struct {
	counts atomic.Pointer[[numBuckets]atomic.Uint64] // made with the first observation
	sum    atomic.Uint64                             // the bits of a float64, in seconds: nanoseconds in an int64 overflow within days
}

// Observe counts d; a negative one counts as zero.
func (h *Histogram) Observe(d time.Duration) {
	d = max(d, 0)
	counts := h.counts.Load()
	if counts == nil {
		h.counts.CompareAndSwap(nil, new([numBuckets]atomic.Uint64))
		counts = h.counts.Load()
	}
	seconds := float64(d) / float64(time.Second)
	counts[bucketOf(seconds)].Add(1)
	for {
		before := h.sum.Load()
		after := math.Float64bits(math.Float64frombits(before) + seconds)
		if h.sum.CompareAndSwap(before, after) {
			return
		}
	}
}

// bucketOf returns the place of a duration. A bucket has its upper bound in it, as
// Prometheus wants.
func bucketOf(seconds float64) int {
	bits := math.Float64bits(seconds)
	doublings := int(bits>>mantissaBits) - exponentShift
	bucket := doublings*perDoubling + eighthOf(bits&(1<<mantissaBits-1)) - lowestIndex
	return min(max(bucket, 0), numBuckets-1)
}

// eighthOf returns in which part of a doubling a mantissa is, counted from 1, and 0 for the
// doubling itself. The bounds are the mantissas of 2^(n/8).
func eighthOf(mantissa uint64) int {
	switch {
	case mantissa == 0:
		return 0
	case mantissa <= 0x6a09e667f3bcd:
		switch {
		case mantissa <= 0x172b83c7d517b:
			return 1
		case mantissa <= 0x306fe0a31b715:
			return 2
		case mantissa <= 0x4bfdad5362a27:
			return 3
		}
		return 4
	case mantissa <= 0x8ace5422aa0db:
		return 5
	case mantissa <= 0xae89f995ad3ad:
		return 6
	case mantissa <= 0xd5818dcfba487:
		return 7
	}
	return 8
}

// upperBound returns the largest duration of a bucket, in seconds.
func upperBound(bucket int) float64 {
	return math.Exp2(float64(bucket+lowestIndex) / perDoubling)
}

// read returns what was counted so far.
func (h *Histogram) read() counted {
	c := counted{sum: math.Float64frombits(h.sum.Load())}
	if counts := h.counts.Load(); counts != nil {
		for i := range counts {
			c.buckets[i] = counts[i].Load()
		}
	}
	return c
}

// counted is what a histogram, or several, have counted.
type counted struct {
	buckets [numBuckets]uint64
	sum     float64 // seconds
}

// add adds what another histogram has counted.
func (c *counted) add(other *counted) {
	for i, n := range other.buckets {
		c.buckets[i] += n
	}
	c.sum += other.sum
}

// since returns what was counted after earlier.
func (c *counted) since(earlier *counted) *counted {
	later := *c
	for i, n := range earlier.buckets {
		later.buckets[i] -= n
	}
	later.sum -= earlier.sum
	return &later
}

func (c *counted) count() (n uint64) {
	for _, m := range c.buckets {
		n += m
	}
	return n
}

// quantile returns the duration that a part q of all was not longer than: within
// its bucket on the geometric scale, as Prometheus' histogram_quantile. Of nothing
// it is 0.
func (c *counted) quantile(q float64) time.Duration {
	rank := q * float64(c.count())
	for i, n := range c.buckets {
		if n == 0 {
			continue
		}
		if float64(n) < rank {
			rank -= float64(n)
			continue
		}
		lower, upper := upperBound(i-1), upperBound(i)
		return time.Duration(lower * math.Pow(upper/lower, rank/float64(n)) * float64(time.Second))
	}
	return 0
}

// Distribution sums up a number of durations.
type Distribution struct {
	Count         uint64
	Sum           time.Duration // at most the longest there is, of 292 years
	P50, P95, P99 time.Duration // at most 9 % off, between 60 ns and 68 minutes; 0 if there are none
}

// Average returns the mean; 0 if there are none.
func (d Distribution) Average() time.Duration {
	if d.Count == 0 {
		return 0
	}
	return d.Sum / time.Duration(d.Count)
}

func (c *counted) distribution() Distribution {
	sum := time.Duration(math.MaxInt64)
	if nanos := math.Round(c.sum * float64(time.Second)); nanos < math.MaxInt64 {
		sum = time.Duration(nanos)
	}
	return Distribution{
		Count: c.count(), Sum: sum,
		P50: c.quantile(0.5), P95: c.quantile(0.95), P99: c.quantile(0.99),
	}
}
