package load

import (
	"context"
	"encoding/binary"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// do does a run over a network in memory, in virtual time.
func do(t *testing.T, m *memory, spec Spec, check func(t *testing.T, r Report, err error)) {
	synctest.Test(t, func(t *testing.T) {
		if spec.InFlight == 0 {
			spec.InFlight = 1
		}
		if spec.Size == 0 {
			spec.Size = 128
		}
		r, err := (&Run{Spec: spec, Network: m}).Do(t.Context())
		if m.open != 0 {
			t.Errorf("%d connections are open at the end", m.open)
		}
		check(t, r, err)
	})
}

func TestEachWork(t *testing.T) {
	for _, test := range []struct {
		work     Work
		messages int64
		counted  uint64
	}{{Ack, 1000, 1000}, {OneWay, 1000, 1000}, {Down, 1000, 0}, {Broadcast, 3000, 0}, {Connect, 1000, 0}} {
		t.Run(string(test.work), func(t *testing.T) {
			m := newMemory()
			do(t, m, Spec{Work: test.work, Conns: 3, InFlight: 4, Messages: 1000, Warmup: time.Millisecond}, func(t *testing.T, r Report, err error) {
				if err != nil || r.Errors != 0 || r.Messages != test.messages {
					t.Fatalf("%d messages, %d errors, %v; want %d messages", r.Messages, r.Errors, err, test.messages)
				}
				if want := (Counts{Received: test.counted, Unique: test.counted}); r.Hub != want {
					t.Errorf("the hub has counted %+v, want %+v, without those of the warm-up", r.Hub, want)
				}
			})
		})
	}
}

func TestIdle(t *testing.T) {
	m := newMemory()
	do(t, m, Spec{Work: Idle, Conns: 50, Duration: time.Minute}, func(t *testing.T, r Report, err error) {
		if err != nil || r.Messages != 50 || r.Seconds != 60 {
			t.Errorf("%d have answered after %v s, %v; want 50 after 60", r.Messages, r.Seconds, err)
		}
	})
	m = newMemory()
	m.onAsk = func(payload []byte) error {
		if binary.BigEndian.Uint32(payload[4:]) == 17 {
			return errRefused
		}
		return nil
	}
	do(t, m, Spec{Work: Idle, Conns: 50, Duration: time.Minute}, func(t *testing.T, r Report, err error) {
		if err != nil || r.Messages != 49 || r.Errors != 1 || r.FirstError != "idle connection 18: refused" {
			t.Errorf("%d have answered, %d not, %q, %v; want that all but one have", r.Messages, r.Errors, r.FirstError, err)
		}
	})
}

// TestLosses: what was sent and never arrives is an error, once nothing more does.
func TestLosses(t *testing.T) {
	m := newMemory()
	m.onTell = func(payload []byte) bool { return binary.BigEndian.Uint64(payload[8:])%100 == 99 }
	do(t, m, Spec{Work: OneWay, Conns: 1, Messages: 1000}, func(t *testing.T, r Report, err error) {
		if err != nil || r.Errors != 10 || r.FirstError != "10 of 1000 messages have not arrived" || r.Hub.Unique != 990 {
			t.Errorf("%d errors, %q, %+v, %v", r.Errors, r.FirstError, r.Hub, err)
		}
		if r.Seconds > 1 {
			t.Errorf("%v seconds were measured, with the time of waiting in vain", r.Seconds)
		}
	})
}

func TestBroadcastThatMissesSome(t *testing.T) {
	m := newMemory()
	broadcasts := 0
	m.onBroadcast = func() {
		if broadcasts++; broadcasts == 3 {
			m.unable = 2
		}
	}
	do(t, m, Spec{Work: Broadcast, Conns: 10, Messages: 3}, func(t *testing.T, r Report, err error) {
		const want = "a broadcast has not reached 2 of 10 connections within 30s; the hub says it left out 2"
		if err != nil || r.Messages != 20 || r.Errors != 2 || r.FirstError != want {
			t.Errorf("%d messages, %d errors, %q, %v; want 20, 2 errors, %q", r.Messages, r.Errors, r.FirstError, err, want)
		}
		if r.Seconds > 1 {
			t.Errorf("%v seconds were measured, with the time of waiting in vain", r.Seconds)
		}
	})
}

func TestConnectionsThatFail(t *testing.T) {
	thirds := func(n int) error {
		if n%3 == 0 {
			return errRefused
		}
		return nil
	}
	m := newMemory()
	m.onDial = thirds
	do(t, m, Spec{Work: Connect, Conns: 30, Messages: 90, InFlight: 4}, func(t *testing.T, r Report, err error) {
		if err != nil || r.Messages != 60 || r.Errors != 30 {
			t.Errorf("%d connections, %d errors, %v; want 60 and 30", r.Messages, r.Errors, err)
		}
	})
	m = newMemory()
	m.onDial = thirds
	do(t, m, Spec{Work: Ack, Conns: 30, Messages: 90}, func(t *testing.T, _ Report, err error) {
		if !errors.Is(err, errRefused) {
			t.Errorf("error %v, want that a connection was refused", err)
		}
	})
}

// TestInterrupted: an end of the context ends the measurement, and what there is is
// reported.
func TestInterrupted(t *testing.T) {
	for _, work := range []Work{Ack, OneWay, Down, Broadcast, Connect, Idle} {
		t.Run(string(work), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				defer cancel()
				m := newMemory()
				slow := func() { time.Sleep(time.Second) }
				m.onAsk = func([]byte) error { slow(); return nil }
				m.onTell = func([]byte) bool { slow(); return false }
				m.onDial = func(int) error {
					if work == Connect {
						m.mu.Unlock()
						slow()
						m.mu.Lock()
					}
					return nil
				}
				spec := Spec{Work: work, Conns: 1, InFlight: 1, Size: 128, Duration: time.Hour}
				m.onBroadcast = slow
				r, err := (&Run{Spec: spec, Network: m}).Do(ctx)
				if err != nil || r.Errors != 0 || r.Messages == 0 || r.Messages > 11 || m.open != 0 {
					t.Errorf("%d messages, %d errors (%s), %d open, %v", r.Messages, r.Errors, r.FirstError, m.open, err)
				}
			})
		})
	}
}

func TestWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		m.onAsk = func([]byte) error { time.Sleep(100 * time.Millisecond); return nil }
		var calls, highest atomic.Int64
		r := &Run{Spec: Spec{Work: Ack, Conns: 1, InFlight: 1, Size: 128, Messages: 100}, Network: m, Watch: func(p Progress) {
			calls.Add(1)
			highest.Store(max(highest.Load(), p.Count))
		}}
		if _, err := r.Do(t.Context()); err != nil {
			t.Fatal(err)
		}
		if calls.Load() < 45 || highest.Load() < 90 {
			t.Errorf("in 10 s Watch was called %d times, with %d of 100 messages at most", calls.Load(), highest.Load())
		}
	})
}

func TestCheck(t *testing.T) {
	good := Spec{Work: Ack, Conns: 1, InFlight: 1, Size: 128, Messages: 1}
	if err := good.Check(); err != nil {
		t.Error(err)
	}
	for _, wrong := range []func(*Spec){
		func(s *Spec) { s.Work = "juggle" },
		func(s *Spec) { s.Conns = 0 },
		func(s *Spec) { s.Conns = MaxConns + 1 },
		func(s *Spec) { s.InFlight = 0 },
		func(s *Spec) { s.Conns, s.InFlight = MaxConns, MaxInFlight },
		func(s *Spec) { s.Size = HeaderSize - 1 },
		func(s *Spec) { s.Size = MaxSize + 1 },
		func(s *Spec) { s.Rate = -1 },
		func(s *Spec) { s.Rate, s.Work = 5, Broadcast },
		func(s *Spec) { s.Messages = 0 },
		func(s *Spec) { s.Messages = -1 },
		func(s *Spec) { s.Duration = time.Second },
		func(s *Spec) { s.Warmup = -1 },
		func(s *Spec) { s.Work = Idle },
	} {
		bad := good
		wrong(&bad)
		if _, err := (&Run{Spec: bad, Network: newMemory()}).Do(t.Context()); !errors.Is(err, qerrors.ErrInvalidConfig) {
			t.Errorf("%+v: error %v", bad, err)
		}
	}
}
