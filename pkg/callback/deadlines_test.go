package callback_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/voilet/QuicFlow/pkg/callback"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// turn is a number of ticks that has nothing to do with others.
const turn = 512 * tick

// TestDeadlines: a promise fails at its deadline, never earlier and up to a tick
// late, wherever between two ticks it was made and however far ahead it lies.
func TestDeadlines(t *testing.T) {
	for _, after := range []time.Duration{
		-time.Hour, 0, 1, time.Millisecond, tick - 1, tick, tick + 1, time.Second,
		turn - tick, turn - 1, turn, turn + 1, turn + tick, 3*turn + 7*time.Millisecond, 20 * turn,
	} {
		for _, offset := range []time.Duration{0, 1, tick / 2, tick - 1} {
			t.Run(fmt.Sprintf("%v after %v", after, offset), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					m := callback.NewManager(0)
					time.Sleep(offset)
					begun := time.Now()
					p := add(t, m.NewTable(callback.Hooks{}), "1", begun.Add(after))
					<-p.Done()
					if late := time.Since(begun) - max(after, 0); late < 0 || late > tick {
						t.Errorf("failed %v after the deadline, want 0 to %v", late, tick)
					}
					wantError(t, p, qerrors.Timeout)
					wantNothing(t, m)
				})
			})
		}
	}
}

// TestManyDeadlines: among many promises each is as punctual as alone.
func TestManyDeadlines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const count = 20000
		random := rand.New(rand.NewPCG(1, 2))
		m := callback.NewManager(count)
		var mu sync.Mutex // the timer's goroutines and this one
		deadlines := map[string]time.Time{}
		failed, answered := 0, 0
		table := m.NewTable(callback.Hooks{Done: func(p *callback.Promise, ack *protocol.AckMessage, _ error, _ time.Time) {
			id := p.MessageID()
			mu.Lock()
			defer mu.Unlock()
			if ack != nil {
				answered++
				return
			}
			failed++
			if late := time.Since(deadlines[id]); late < 0 || late > tick {
				t.Errorf("%s failed %v after its deadline, want 0 to %v", id, late, tick)
			}
		}})
		for i := range count {
			id, deadline := fmt.Sprint(i), in(time.Duration(random.Int64N(int64(3*turn))))
			mu.Lock()
			deadlines[id] = deadline
			mu.Unlock()
			p := add(t, table, id, deadline)
			if i%3 == 0 {
				complete(table, p)
			}
			if i%100 == 0 {
				time.Sleep(time.Duration(random.Int64N(int64(tick))))
			}
		}
		time.Sleep(4 * turn)
		mu.Lock()
		defer mu.Unlock()
		if want := (count + 2) / 3; answered != want || failed != count-want {
			t.Errorf("%d were answered and %d failed, want %d and %d", answered, failed, want, count-want)
		}
		wantNothing(t, m)
	})
}

// TestIdle: no timer runs before the first promise, nor past the deadline of the last
// one, nor when the table was closed.
func TestIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := callback.NewManager(0)
		table := m.NewTable(callback.Hooks{})
		for round := range 3 {
			if table.StopTimer() {
				t.Fatalf("round %d: the timer runs while no promise waits", round)
			}
			p := add(t, table, "1", in(time.Hour))
			late := add(t, table, "2", in(3*tick))
			time.Sleep(time.Minute) // the timer has run, and does again
			complete(table, p)
			complete(table, late) // too late
			if !isDone(p) {
				t.Fatal("not done")
			}
			wantNothing(t, m)
			time.Sleep(time.Hour)
		}
		add(t, table, "3", in(time.Hour))
		table.Close(qerrors.ErrClosed)
		if table.StopTimer() {
			t.Error("the timer runs on when the table is closed")
		}
	})
}

// TestLongPause: when the process was suspended for longer than a turn, nothing
// is forgotten.
func TestLongPause(t *testing.T) {
	for _, pause := range []time.Duration{turn - tick, turn, turn + tick, 100 * turn} {
		synctest.Test(t, func(t *testing.T) {
			m := callback.NewManager(0)
			table := m.NewTable(callback.Hooks{})
			begun := time.Now()
			due := 0
			for i := range 3000 {
				after := time.Duration(i) * tick
				add(t, table, fmt.Sprint(i), begun.Add(after))
				if after <= pause-tick {
					due++
				}
			}
			if got := table.DueAt(begun.Add(pause)); got < due || got > due+1 {
				t.Errorf("after a pause of %v %d were due, want %d", pause, got, due)
			}
			table.Close(qerrors.ErrClosed)
			wantNothing(t, m)
		})
	}
}

// TestFarDeadline: a timeout that means for ever is none that is over at once.
func TestFarDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, timeout := range []time.Duration{math.MaxInt64, math.MaxInt64 - tick, math.MaxInt64 / 2} {
			m := callback.NewManager(0)
			table := m.NewTable(callback.Hooks{})
			p, err := begin(table, callback.Sent{ID: "a", Begun: time.Now(), Timeout: timeout})
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Hour)
			if isDone(p) {
				_, err := p.Result()
				t.Errorf("with a timeout of %v: %v", timeout, err)
			}
			complete(table, p)
		}
	})
}
