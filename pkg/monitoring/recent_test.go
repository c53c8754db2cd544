package monitoring_test

import (
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/voilet/QuicFlow/pkg/monitoring"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

const command = protocol.MessageType_MESSAGE_TYPE_COMMAND

// near reports whether got is within 9 % of want.
func near(got, want time.Duration) bool {
	return math.Abs(got.Seconds()-want.Seconds()) <= 0.09*want.Seconds()
}

// TestRecent reads every 15 s, as Prometheus does, while the traffic changes.
func TestRecent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var traffic monitoring.Traffic
		m := monitoring.NewMetrics(func() monitoring.State { return monitoring.State{Traffic: traffic} })
		if r := m.Snapshot().Recent; r != (monitoring.Recent{}) {
			t.Errorf("before anything: %+v", r)
		}
		second := func(messages int, roundTrip time.Duration) {
			for range messages {
				traffic.Add(monitoring.Traffic{MessagesSent: 1, MessagesReceived: 2})
				m.RoundTrips.Observe(0, command, roundTrip)
			}
			time.Sleep(time.Second)
		}
		var r monitoring.Recent
		minutes := func(n, messages int, roundTrip time.Duration) {
			for range 4 * n {
				for range 15 {
					second(messages, roundTrip)
				}
				r = m.Snapshot().Recent
			}
		}
		check := func(messages float64, roundTrip time.Duration) {
			t.Helper()
			if r.Over != time.Minute || r.SentPerSecond != messages || r.ReceivedPerSecond != 2*messages {
				t.Errorf("over %v there were %v and %v messages a second, want %v in a minute", r.Over, r.SentPerSecond, r.ReceivedPerSecond, messages)
			}
			if l := r.Latency; l.Count != uint64(60*messages) || !near(l.Average(), roundTrip) || !near(l.P50, roundTrip) || !near(l.P95, roundTrip) || !near(l.P99, roundTrip) {
				t.Errorf("the round trips took %+v, want %v", l, roundTrip)
			}
		}
		minutes(2, 10, time.Millisecond)
		check(10, time.Millisecond)
		minutes(1, 20, 3*time.Millisecond)
		check(20, 3*time.Millisecond) // and nothing of what was before
		minutes(1, 0, 0)
		check(0, 0)

		time.Sleep(time.Hour) // nobody reads
		second(61*60, time.Second)
		if r = m.Snapshot().Recent; r.Over < time.Hour || r.Over > time.Hour+2*time.Minute {
			t.Errorf("after an hour without a reading: over %v", r.Over)
		}
	})
}

// Many readers do not shorten each other's time.
func TestRecentOfManyReaders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var traffic monitoring.Traffic
		m := monitoring.NewMetrics(func() monitoring.State { return monitoring.State{Traffic: traffic} })
		for range 10_000 {
			traffic.MessagesSent++
			time.Sleep(10 * time.Millisecond)
			r := m.Snapshot().Recent
			if r.Over > 65*time.Second || r.SentPerSecond < 99 || r.SentPerSecond > 101 {
				t.Fatalf("%v messages a second over %v, want 100 over a minute", r.SentPerSecond, r.Over)
			}
		}
	})
}
