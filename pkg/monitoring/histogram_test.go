package monitoring_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"pgregory.net/rapid"

	"github.com/voilet/QuicFlow/pkg/monitoring"
)

// TestHistogramIsPrometheus compares with what Prometheus' own histogram makes of
// the same observations, bucket by bucket.
func TestHistogramIsPrometheus(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := monitoring.NewMetrics(nil)
		theirs := prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "x", Buckets: prometheus.ExponentialBuckets(math.Exp2(-14), 2, 20),
			NativeHistogramBucketFactor: 1.1, NativeHistogramZeroThreshold: math.Exp2(-24),
		})
		// Within the range of ours, where a second is a bound of a bucket.
		durations := rapid.OneOf(rapid.Int64Range(0, 100), rapid.Int64Range(0, int64(4096*time.Second)), rapid.Just(int64(time.Second)))
		for _, n := range rapid.SliceOf(durations).Draw(t, "durations") {
			m.RTTs.Observe(time.Duration(n))
			theirs.Observe(time.Duration(n).Seconds())
		}
		var want dto.Metric
		if err := theirs.Write(&want); err != nil {
			t.Fatal(err)
		}
		got := gather(t, monitoring.NewRegistry(m))["quic_backbone_quic_rtt_seconds"].Metric[0].Histogram
		if diff := cmp.Diff(flat(want.Histogram), flat(got), cmpopts.EquateApprox(1e-9, 1e-9)); diff != "" {
			t.Fatalf("(-theirs +ours):\n%s", diff)
		}
	})
}

// flat returns what a histogram says, in a form that can be compared: spans that
// follow each other are the same as one.
func flat(h *dto.Histogram) map[string]float64 {
	out := map[string]float64{
		"count": float64(h.GetSampleCount()), "sum": h.GetSampleSum(), "schema": float64(h.GetSchema()),
		"zero threshold": h.GetZeroThreshold(), "zero": float64(h.GetZeroCount()),
		"native": float64(min(len(h.PositiveSpan), 1)),
	}
	for _, b := range h.Bucket {
		out[fmt.Sprint("up to ", b.GetUpperBound())] = float64(b.GetCumulativeCount())
	}
	index, delta, n := int32(0), 0, int64(0)
	for _, span := range h.PositiveSpan {
		index += span.GetOffset()
		for range span.GetLength() {
			n += h.PositiveDelta[delta]
			if n != 0 { // theirs bridges short gaps
				out[fmt.Sprint("index ", index)] = float64(n)
			}
			index, delta = index+1, delta+1
		}
	}
	return out
}

// TestHistogramOutOfRange: what is too short or too long is in the last bucket
// at each end, and in the sum.
func TestHistogramOutOfRange(t *testing.T) {
	m := monitoring.NewMetrics(nil)
	for _, d := range []time.Duration{math.MinInt64, -1, 0, 1, 59, 1000 * time.Hour, 100 * time.Hour} {
		m.RTTs.Observe(d)
	}
	d := m.Snapshot().QUICRTT
	if d.Count != 7 || d.Sum.Round(time.Second) != 1100*time.Hour {
		t.Errorf("%d observations of %v in all", d.Count, d.Sum)
	}
	if d.P50 > 60 || d.P99 < 4096*time.Second || d.P99 > 4500*time.Second {
		t.Errorf("median %v, p99 %v", d.P50, d.P99)
	}
}

// TestQuantiles compares with the quantiles of the durations themselves.
func TestQuantiles(t *testing.T) {
	m := monitoring.NewMetrics(nil)
	random := rand.New(rand.NewPCG(1, 2))
	all := make([]time.Duration, 10_000)
	for i := range all {
		all[i] = time.Duration(math.Exp(random.NormFloat64()+13)) * time.Nanosecond
		m.Handling.ObserveHandler(i, all[i])
	}
	slices.Sort(all)
	d := m.Snapshot().HandlerDuration
	for q, got := range map[int]time.Duration{50: d.P50, 95: d.P95, 99: d.P99} {
		if want := all[len(all)*q/100]; !near(got, want) {
			t.Errorf("quantile %d: %v, want %v", q, got, want)
		}
	}
}

// BenchmarkObserve compares with Prometheus' own histogram. All processors
// observe at once, as workers do.
func BenchmarkObserve(b *testing.B) {
	observe := func(b *testing.B, f func(time.Duration)) {
		var values [1024]time.Duration
		for i := range values {
			values[i] = time.Duration(rand.Int64N(int64(5 * time.Millisecond)))
		}
		b.RunParallel(func(pb *testing.PB) {
			for i := 0; pb.Next(); i++ {
				f(values[i%len(values)])
			}
		})
	}
	b.Run("ours", func(b *testing.B) { observe(b, new(monitoring.Histogram).Observe) })
	theirs := prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "x", Buckets: prometheus.ExponentialBuckets(math.Exp2(-14), 2, 20), NativeHistogramBucketFactor: 1.1,
	})
	b.Run("prometheus", func(b *testing.B) { observe(b, func(d time.Duration) { theirs.Observe(d.Seconds()) }) })
}

// TestSumDoesNotOverflow: with 50,000 acknowledgements awaited, more than 292 years
// are waited for in three days.
func TestSumDoesNotOverflow(t *testing.T) {
	m := monitoring.NewMetrics(nil)
	for range 4 {
		m.RTTs.Observe(math.MaxInt64)
	}
	sum := gather(t, monitoring.NewRegistry(m))["quic_backbone_quic_rtt_seconds"].Metric[0].Histogram.GetSampleSum()
	if want := 4 * time.Duration(math.MaxInt64).Seconds(); math.Abs(sum-want) > 1 {
		t.Errorf("the sum is %v, want %v", sum, want)
	}
	if d := m.Snapshot().QUICRTT; d.Sum != math.MaxInt64 {
		t.Errorf("the sum is %v, want the longest duration there is", d.Sum)
	}
}
