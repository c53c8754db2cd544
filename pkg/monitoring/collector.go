package monitoring

import (
	"math"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/voilet/QuicFlow/pkg/protocol"
)

// NewRegistry returns a registry of its own with all metrics of m. It works when it
// is asked, and only then. Collectors of the application may be added to it, and
// it may be registered in another registry.
func NewRegistry(m *Metrics) *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(newCollector(m))
	return r
}

// collector shows metrics to Prometheus.
type collector struct {
	metrics    *Metrics
	catalog    []metric
	descs      []*prometheus.Desc // of the catalog, in its order
	histograms []histogramMetric
}

// histogramMetric is one of the metrics with buckets.
type histogramMetric struct {
	name, help string
	labels     []string
	desc       *prometheus.Desc
	each       func(m *Metrics, emit func(c counted, labels ...string))
}

func histograms() []histogramMetric {
	type emit = func(c counted, labels ...string)
	return []histogramMetric{
		{name: "round_trip_seconds", help: "Time from a send to its acknowledgement, by type of the message.", labels: []string{"type"},
			each: func(m *Metrics, emit emit) {
				for t := 1; t < numTypes; t++ { // one without a type cannot be sent
					emit(m.RoundTrips.read(t), protocol.MessageType(t).Name())
				}
			}},
		{name: "handler_duration_seconds", help: "Time that handlers took, or were given.",
			each: func(m *Metrics, emit emit) {
				_, _, durations := m.Handling.read()
				emit(durations)
			}},
		{name: "queue_wait_seconds", help: "Time that received messages waited for a worker.",
			each: func(m *Metrics, emit emit) {
				_, waits, _ := m.Handling.read()
				emit(waits)
			}},
		{name: "quic_rtt_seconds", help: "Smoothed round-trip times of the connections (RFC 9002, section 5.3), one sample of each at every heartbeat check.",
			each: func(m *Metrics, emit emit) { emit(m.RTTs.read()) }},
	}
}

func newCollector(m *Metrics) *collector {
	c := &collector{metrics: m, catalog: catalog(), histograms: histograms()}
	for _, d := range c.catalog {
		c.descs = append(c.descs, prometheus.NewDesc(prefix+d.name, d.help, d.labels, nil))
	}
	for i := range c.histograms {
		h := &c.histograms[i]
		h.desc = prometheus.NewDesc(prefix+h.name, h.help, h.labels, nil)
	}
	return c
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range c.descs {
		out <- d
	}
	for _, h := range c.histograms {
		out <- h.desc
	}
}

// Collect implements prometheus.Collector.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	s := c.metrics.Snapshot()
	for i, d := range c.catalog {
		d.each(&s, func(value float64, labels ...string) {
			out <- prometheus.MustNewConstMetric(c.descs[i], d.kind, value, labels...)
		})
	}
	for _, h := range c.histograms {
		h.each(c.metrics, func(counted counted, labels ...string) {
			out <- &buckets{h.desc, prometheus.MakeLabelPairs(h.desc, labels), counted}
		})
	}
}

// buckets is a histogram as Prometheus takes it: in the text formats with classic
// buckets, in its own with native ones as well.
type buckets struct {
	desc   *prometheus.Desc
	labels []*dto.LabelPair
	counted
}

func (b *buckets) Desc() *prometheus.Desc { return b.desc }

// Write implements prometheus.Metric.
func (b *buckets) Write(out *dto.Metric) error {
	out.Label = b.labels
	h := &dto.Histogram{
		SampleCount: new(b.count()),
		SampleSum:   new(b.sum),
	}
	out.Histogram = h
	b.writeClassic(h)
	b.writeNative(h)
	return nil
}

// The classic buckets: a bound at each doubling from 61 µs to 32 s, all of them
// bounds of native buckets as well.
const (
	lowestClassic  = -14
	highestClassic = 5
)

func (b *buckets) writeClassic(h *dto.Histogram) {
	var cumulative uint64
	next := 0
	for power := lowestClassic; power <= highestClassic; power++ {
		for last := (power - lowestPower) * perDoubling; next <= last; next++ {
			cumulative += b.buckets[next]
		}
		h.Bucket = append(h.Bucket, &dto.Bucket{
			CumulativeCount: new(cumulative),
			UpperBound:      new(math.Exp2(float64(power))),
		})
	}
}

// writeNative writes runs of buckets that are not empty, as differences.
func (b *buckets) writeNative(h *dto.Histogram) {
	h.Schema = new(int32(schema))
	h.ZeroThreshold = new(math.Exp2(lowestPower))
	h.ZeroCount = new(b.buckets[0])
	var before uint64
	end := -lowestIndex // where the last run has ended: index 0
	for i, n := range b.buckets {
		if i == 0 || n == 0 {
			continue
		}
		if i != end || len(h.PositiveSpan) == 0 {
			h.PositiveSpan = append(h.PositiveSpan, &dto.BucketSpan{Offset: new(int32(i - end)), Length: new(uint32(0))})
		}
		span := h.PositiveSpan[len(h.PositiveSpan)-1]
		span.Length = new(span.GetLength() + 1)
		h.PositiveDelta = append(h.PositiveDelta, int64(n)-int64(before))
		before, end = n, i+1
	}
}
