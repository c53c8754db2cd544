package monitoring_test

import (
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/monitoring"
)

// TestByCode: a code that no version has counts as Internal, so that a peer cannot
// make labels; those that are known keep their own.
func TestByCode(t *testing.T) {
	var c monitoring.ByCode
	if got := c.Snapshot(); len(got) != 0 {
		t.Errorf("nothing was counted: %v", got)
	}
	want := map[qerrors.Code]uint64{}
	for code := range qerrors.Code(2 * qerrors.NumCodes) {
		c.Add(code, 2)
		if !code.Valid() {
			code = qerrors.Internal
		}
		want[code] += 2
	}
	c.Add(1<<32-1, 5)
	want[qerrors.Internal] += 5
	c.Add(qerrors.OK, 0)
	if diff := cmp.Diff(want, c.Snapshot()); diff != "" {
		t.Error(diff)
	}
}

func TestSnapshot(t *testing.T) {
	var m monitoring.Metrics
	m.MessagesSent.Add(1)
	m.MessagesReceived.Add(2)
	m.Reconnects.Add(3)
	m.EventsDropped.Add(4)
	m.Dropped.Add(qerrors.QueueFull, 5)
	m.Refused.Add(qerrors.TooManyClients, 6)
	m.Disconnected.Add(qerrors.Replaced, 7)
	m.Failed.Add(qerrors.NoHandler, 8)
	want := monitoring.Snapshot{
		MessagesSent: 1, MessagesReceived: 2, Reconnects: 3, EventsDropped: 4,
		Dropped:      map[qerrors.Code]uint64{qerrors.QueueFull: 5},
		Refused:      map[qerrors.Code]uint64{qerrors.TooManyClients: 6},
		Disconnected: map[qerrors.Code]uint64{qerrors.Replaced: 7},
		Failed:       map[qerrors.Code]uint64{qerrors.NoHandler: 8},
	}
	before := m.Snapshot()
	if diff := cmp.Diff(want, before); diff != "" {
		t.Error(diff)
	}
	m.MessagesSent.Add(1)
	m.Dropped.Add(qerrors.QueueFull, 1)
	if diff := cmp.Diff(want, before); diff != "" {
		t.Errorf("a snapshot changes: %s", diff)
	}
}

func TestConcurrentCounting(t *testing.T) {
	var m monitoring.Metrics
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 1000 {
				m.Failed.Add(qerrors.HandlerFailed, 1)
				_ = m.Snapshot()
			}
		})
	}
	wg.Wait()
	if n := m.Snapshot().Failed[qerrors.HandlerFailed]; n != 4000 {
		t.Errorf("counted %d, want 4000", n)
	}
}
