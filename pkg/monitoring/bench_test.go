package monitoring_test

import (
	"testing"
	"time"

	"github.com/voilet/QuicFlow/pkg/monitoring"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// BenchmarkMessage is what an acknowledged message costs both sides for their
// metrics, the two looks at the clock that are there only for them included.
// Beside BenchmarkRoundTrip of pkg/transport/client it tells their share.
func BenchmarkMessage(b *testing.B) {
	hub, client := monitoring.NewMetrics(nil), monitoring.NewMetrics(nil)
	outcome := monitoring.Answer{Type: command, Status: protocol.AckStatus_ACK_STATUS_SUCCESS}
	begun := time.Now()
	for b.Loop() {
		took := time.Since(begun)
		hub.Handling.Observe(0, outcome, time.Microsecond)
		hub.Handling.ObserveHandler(0, took)
		client.RoundTrips.Observe(0, command, time.Since(begun))
	}
}
