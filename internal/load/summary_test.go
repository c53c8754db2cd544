package load

import (
	"strings"
	"testing"

	"github.com/voilet/QuicFlow/internal/golden"
)

func TestSummary(t *testing.T) {
	latencies := Report{P50: 0.5, P90: 92.34, P99: 1234.5, P999: 87654, Max: 1234567}
	with := func(r Report) Report {
		r.P50, r.P90, r.P99, r.P999, r.Max = latencies.P50, latencies.P90, latencies.P99, latencies.P999, latencies.Max
		r.HubRSS = 23_456_789
		return r
	}
	var b strings.Builder
	for _, r := range []Report{
		with(Report{Work: Ack, Conns: 1, InFlight: 64, Size: 128, Seconds: 5.00017, Messages: 1404211, MsgsPerSec: 280842, MBPerSec: 35.9478,
			HubCPUPerMsg: 3.14159, LoadCPUPerMsg: 2.9, Hub: Counts{1404212, 1404211, 1, 17}}),
		with(Report{Work: OneWay, Conns: 1000, InFlight: 1, Size: 1 << 20, Rate: 20000, Seconds: 12, Messages: 999, MsgsPerSec: 83.25, MBPerSec: 87.3,
			LoadCPUPerMsg: 1234, Errors: 1000, FirstError: "1000 of 1999 messages have not arrived"}),
		{Work: Ack, Conns: 1, InFlight: 1, Size: 128, Seconds: 2.1, Messages: 38572, MsgsPerSec: 18368, MBPerSec: 2.35, LoadCPUPerMsg: 42.3,
			Errors: 2, FirstError: "timeout", HubError: "the hub does not carry out the order \"sample\": closed"},
		with(Report{Work: Down, Conns: 2, InFlight: 8, Size: 128, Seconds: 0.5, Messages: 7, MsgsPerSec: 14, MBPerSec: 0.001792, HubCPUPerMsg: 1, LoadCPUPerMsg: 1}),
		with(Report{Work: Broadcast, Conns: 8000, InFlight: 1, Size: 128, Seconds: 2, Messages: 80000, MsgsPerSec: 40000, MBPerSec: 5.12, HubCPUPerMsg: 5, LoadCPUPerMsg: 6}),
		with(Report{Work: Connect, Conns: 500, InFlight: 16, Seconds: 5, Messages: 4321, ConnsPerSec: 864.2, HubCPUPerMsg: 694, LoadCPUPerMsg: 830}),
		with(Report{Work: Idle, Conns: 10000, Seconds: 60, Messages: 10000, BytesPerConn: 47321, RSSPerConn: 58000, GoroutinesPerConn: 4.0012, HubCPU: 4.321, ConnsPerSec: 7.7777}),
	} {
		if err := r.WriteSummary(&b); err != nil {
			t.Fatal(err)
		}
		b.WriteString("\n")
	}
	golden.Compare(t, "testdata/summary.golden", b.String())
}
