package load

import (
	"context"
	"time"
)

// Report is what came out of a run. Where the hub is in the same process as the
// load, its share of the CPU is not known, and that of the load has both.
type Report struct {
	Work       Work    `json:"work"`
	Conns      int     `json:"conns"`
	InFlight   int     `json:"in_flight"`
	Size       int     `json:"size"`
	Rate       int     `json:"rate"`
	Seconds    float64 `json:"seconds"` // that were measured
	Messages   int64   `json:"messages"`
	Errors     int64   `json:"errors"`
	FirstError string  `json:"first_error,omitempty"`

	MsgsPerSec  float64 `json:"msgs_per_sec"`
	MBPerSec    float64 `json:"mb_per_sec"` // payloads, one way, in 10^6 bytes
	ConnsPerSec float64 `json:"conns_per_sec"`

	P50  float64 `json:"p50_us"`
	P90  float64 `json:"p90_us"`
	P99  float64 `json:"p99_us"`
	P999 float64 `json:"p999_us"`
	Max  float64 `json:"max_us"`

	CPUPerMsg     float64 `json:"cpu_us_per_msg"` // of both sides
	HubCPUPerMsg  float64 `json:"hub_cpu_us_per_msg"`
	LoadCPUPerMsg float64 `json:"load_cpu_us_per_msg"`
	HubCPU        float64 `json:"hub_cpu_percent"` // of one core, during the seconds
	HubRSS        uint64  `json:"hub_rss_bytes"`

	BytesPerConn      float64 `json:"bytes_per_conn"` // idle: live heap and stacks of the hub
	RSSPerConn        float64 `json:"rss_bytes_per_conn"`
	GoroutinesPerConn float64 `json:"goroutines_per_conn"`

	// What the hub counted meanwhile, and why it could not be asked: then nothing that
	// is said of it here is known.
	Hub      Counts `json:"hub"`
	HubError string `json:"hub_error,omitempty"`
}

// measurement is the part of a run that counts: it can be paused.
type measurement struct {
	run     *Run
	before  sample
	own     time.Duration // CPU when it was resumed
	hubCPU  time.Duration // what was used until it was paused
	loadCPU time.Duration
	hub     Counts
	rss     uint64
	err     error // that of the hub, which could not say how it is
}

func (r *Run) measure() *measurement { return &measurement{run: r} }

// begin begins to measure.
func (r *Run) begin(ctx context.Context) (*measurement, error) {
	m := r.measure()
	return m, m.resume(ctx)
}

func (m *measurement) resume(ctx context.Context) (err error) {
	m.before, err = m.run.sample(ctx, false)
	m.own = cpuTime()
	return err
}

// pause notes what was used since. A hub that cannot be asked any more is an error
// of the run: what was measured before is still worth a report.
func (m *measurement) pause(ctx context.Context) {
	m.loadCPU += cpuTime() - m.own
	after, err := m.run.sample(ctx, false)
	if err != nil {
		m.err = err
		return
	}
	if !m.run.Embedded {
		m.hubCPU += after.CPU - m.before.CPU
	}
	m.hub.add(after.Counts.since(m.before.Counts))
	m.rss = after.RSS
}

// end ends the measurement.
func (m *measurement) end(ctx context.Context, got measured) Report {
	m.pause(ctx)
	return m.report(got)
}

func (m *measurement) report(got measured) Report {
	spec := m.run.Spec
	if m.err != nil {
		got.add(m.err)
	}
	r := Report{
		Work: spec.Work, Conns: spec.Conns, InFlight: spec.InFlight, Size: spec.Size, Rate: spec.Rate,
		Seconds: got.elapsed.Seconds(), Messages: got.latencies.TotalCount(), Errors: got.errors, FirstError: got.first,
		HubRSS: m.rss, Hub: m.hub,
	}
	if m.err != nil {
		r.HubError = m.err.Error()
	}
	quantile := func(q float64) float64 { return micros(time.Duration(got.latencies.ValueAtQuantile(q))) }
	if r.Messages > 0 {
		r.P50, r.P90, r.P99, r.P999 = quantile(50), quantile(90), quantile(99), quantile(99.9)
		r.Max = micros(time.Duration(got.latencies.Max()))
	}
	if opened := m.run.crowd.opened; opened > 0 {
		r.ConnsPerSec = float64(spec.Conns) / opened.Seconds()
	}
	if spec.Work == Broadcast {
		r.Messages = r.Messages * int64(spec.Conns)
	}
	r.HubCPU = 100 * ratio(m.hubCPU.Seconds(), r.Seconds)
	if spec.Work == Idle { // its few messages come when all has been measured
		return r
	}
	r.MsgsPerSec = ratio(float64(r.Messages), r.Seconds)
	if spec.Work == Connect {
		r.ConnsPerSec = r.MsgsPerSec
	} else {
		r.MBPerSec = r.MsgsPerSec * float64(spec.Size) / 1e6
	}
	r.HubCPUPerMsg = ratio(micros(m.hubCPU), float64(r.Messages))
	r.LoadCPUPerMsg = ratio(micros(m.loadCPU), float64(r.Messages))
	r.CPUPerMsg = r.HubCPUPerMsg + r.LoadCPUPerMsg
	return r
}

// perConn fills in what each connection takes of a hub that was empty before.
func (r *Report) perConn(empty, full Usage) {
	each := func(full, empty float64) float64 { return (full - empty) / float64(r.Conns) }
	r.BytesPerConn = each(float64(full.Live), float64(empty.Live))
	r.RSSPerConn = each(float64(full.RSS), float64(empty.RSS))
	r.GoroutinesPerConn = each(float64(full.Goroutines), float64(empty.Goroutines))
}

func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}
