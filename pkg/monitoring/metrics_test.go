package monitoring_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/monitoring"
	"github.com/voilet/QuicFlow/pkg/protocol"
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

// TestTypes: a type that no version has counts as unspecified.
func TestTypes(t *testing.T) {
	m := monitoring.NewMetrics(nil)
	const success = protocol.AckStatus_ACK_STATUS_SUCCESS
	for _, kind := range []protocol.MessageType{-1, 0, 1, 5, 1 << 30} {
		m.Handling.Observe(0, monitoring.Answer{Type: kind, Status: success}, 0)
		m.RoundTrips.Observe(0, kind, time.Second)
	}
	s := m.Snapshot()
	if want := map[monitoring.Answer]uint64{{Status: success}: 4, {Type: 1, Status: success}: 1}; !cmp.Equal(s.Handled, want) {
		t.Errorf("handled %v, want %v", s.Handled, want)
	}
	if len(s.RoundTrips) != 2 || s.RoundTrips[0].Count != 4 || s.RoundTrips[1].Count != 1 {
		t.Errorf("round trips %v", s.RoundTrips)
	}
}

// TestSnapshot: each counter is in the snapshot, under its own name.
func TestSnapshot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := monitoring.NewMetrics(func() monitoring.State { return monitoring.State{ConnectedClients: 7} })
		time.Sleep(time.Minute)
		counters := reflect.ValueOf(m).Elem()
		n := uint64(0)
		for i := range counters.NumField() {
			name := counters.Type().Field(i).Name
			if !counters.Type().Field(i).IsExported() {
				continue
			}
			switch c := counters.Field(i).Addr().Interface().(type) {
			case *atomic.Uint64:
				n++
				c.Add(n)
				if got := reflect.ValueOf(m.Snapshot()).FieldByName(name); !got.IsValid() || got.Uint() != n {
					t.Errorf("%s is %v in the snapshot, want %d", name, got, n)
				}
			case *monitoring.ByCode:
				n++
				c.Add(qerrors.QueueFull, n)
				got := reflect.ValueOf(m.Snapshot()).FieldByName(name)
				if !got.IsValid() || !cmp.Equal(got.Interface(), map[qerrors.Code]uint64{qerrors.QueueFull: n}) {
					t.Errorf("%s is %v in the snapshot, want queue_full: %d", name, got, n)
				}
			}
		}
		if n < 13 {
			t.Errorf("only %d counters were found", n)
		}
		if s := m.Snapshot(); s.Uptime != time.Minute || s.ConnectedClients != 7 || !s.Time.Equal(time.Now()) {
			t.Errorf("up %v, %d clients, at %v", s.Uptime, s.ConnectedClients, s.Time)
		}
	})
}

// A snapshot does not change with what happens afterwards.
func TestSnapshotStays(t *testing.T) {
	m := monitoring.NewMetrics(nil)
	m.Dropped.Add(qerrors.QueueFull, 1)
	before := m.Snapshot()
	m.Dropped.Add(qerrors.QueueFull, 1)
	if before.Dropped[qerrors.QueueFull] != 1 {
		t.Errorf("it has %v", before.Dropped)
	}
}

func TestConcurrentCounting(t *testing.T) {
	m := monitoring.NewMetrics(nil)
	var wg sync.WaitGroup
	for worker := range 20 {
		wg.Go(func() {
			for range 200 {
				m.HandlerFailures.Add(qerrors.HandlerFailed, 1)
				m.Handling.Observe(worker, monitoring.Answer{}, time.Millisecond)
				if s := m.Snapshot(); s.QueueWait.Count > 4000 {
					t.Error("too many")
				}
			}
		})
	}
	wg.Wait()
	s := m.Snapshot()
	if n := s.HandlerFailures[qerrors.HandlerFailed]; n != 4000 || s.Handled[monitoring.Answer{}] != 4000 || s.QueueWait.Count != 4000 || s.QueueWait.Sum != 4*time.Second {
		t.Errorf("counted %d, %v and %+v, want 4000 of each", n, s.Handled, s.QueueWait)
	}
}

// TestSnapshotAsJSON: what is counted by code, type or status has the names that the
// metrics have.
func TestSnapshotAsJSON(t *testing.T) {
	m := monitoring.NewMetrics(nil)
	m.Failed.Add(qerrors.QueueFull, 1)
	m.Answered.Add(protocol.AckStatus_ACK_STATUS_FAILURE)
	m.Handling.Observe(0, monitoring.Answer{Type: protocol.MessageType_MESSAGE_TYPE_COMMAND, Status: protocol.AckStatus_ACK_STATUS_SUCCESS}, 0)
	m.RoundTrips.Observe(0, protocol.MessageType_MESSAGE_TYPE_QUERY, time.Second)
	text, err := json.Marshal(m.Snapshot())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"Failed":{"queue_full":1}`, `"Answered":{"failure":1}`, `"Handled":{"command/success":1}`, `"RoundTrips":{"query":{"Count":1,`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("there is no %s in %s", want, text)
		}
	}
}
