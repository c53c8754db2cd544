package callback_test

import (
	"context"
	"errors"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/voilet/QuicFlow/pkg/callback"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// TestExactlyOnce: whoever comes first completes a promise, and nobody does again.
// All ways to complete it run against each other, and the table is closed in the
// midst of that.
func TestExactlyOnce(t *testing.T) {
	const rounds, count = 20, 300
	for range rounds {
		m := callback.NewManager(count)
		var told [count]atomic.Int32
		table := m.NewTable(callback.Hooks{Done: func(p *callback.Promise, _ *protocol.AckMessage, _ error, _ time.Time) {
			i, _ := strconv.Atoi(p.MessageID())
			told[i].Add(1)
		}})
		var promises [count]*callback.Promise
		for i := range promises {
			deadline := in(time.Hour)
			if i%2 == 0 {
				deadline = in(0) // with the timer in the race
			}
			promises[i] = add(t, table, strconv.Itoa(i), deadline)
		}
		ended, end := context.WithCancel(t.Context())
		end()
		var wg sync.WaitGroup
		each := func(f func(i int, p *callback.Promise)) {
			wg.Go(func() {
				for i, p := range promises {
					f(i, p)
				}
			})
		}
		each(func(_ int, p *callback.Promise) { complete(table, p) })
		each(func(_ int, p *callback.Promise) { p.Cancel(context.Canceled) })
		each(func(_ int, p *callback.Promise) { _, _ = p.Wait(ended) })
		each(func(i int, p *callback.Promise) {
			if i == count/2 {
				table.Close(qerrors.ErrConnectionLost)
			}
		})
		wg.Wait()
		for i, p := range promises {
			ack, err := p.Result()
			if (ack == nil) == (err == nil) {
				t.Fatalf("promise %d has %v and %v", i, ack, err)
			}
			if n := told[i].Load(); n != 1 {
				t.Errorf("promise %d completed %d times", i, n)
			}
		}
		wantNothing(t, m)
	}
}

// TestLimitHolds: adding and completing against each other, there are never more
// than the limit, and every refusal is one of the expected. An addition is counted
// after it was made and a completion before, so that the count is never too high.
func TestLimitHolds(t *testing.T) {
	const limit, workers, times = 8, 16, 500
	m := callback.NewManager(limit)
	var outstanding, refused atomic.Int32
	var wg sync.WaitGroup
	for w := range workers {
		table := m.NewTable(callback.Hooks{})
		wg.Go(func() {
			for i := range times {
				p, err := begin(table, sent(strconv.Itoa(i), in(time.Hour)))
				if err != nil {
					if !errors.Is(err, qerrors.ErrTooManyPromises) {
						t.Error(err)
					}
					refused.Add(1)
					runtime.Gosched()
					continue
				}
				if n := outstanding.Add(1); n > limit {
					t.Errorf("%d promises with a limit of %d", n, limit)
				}
				runtime.Gosched() // so that others add while this one waits
				outstanding.Add(-1)
				if w%2 == 0 {
					p.Cancel(nil)
				} else {
					complete(table, p)
				}
			}
		})
	}
	wg.Wait()
	if refused.Load() == 0 {
		t.Error("nothing was refused: the limit was never reached")
	}
	wantNothing(t, m)
}

// TestAddAgainstClose: a promise is either refused or completed.
func TestAddAgainstClose(t *testing.T) {
	for range 200 {
		m := callback.NewManager(0)
		table := m.NewTable(callback.Hooks{})
		var promises []*callback.Promise
		var wg sync.WaitGroup
		wg.Go(func() {
			for i := range 20 {
				p, err := begin(table, sent(strconv.Itoa(i), in(time.Hour)))
				if err != nil {
					if err != qerrors.ErrConnectionLost {
						t.Error(err)
					}
					return
				}
				promises = append(promises, p)
			}
		})
		wg.Go(func() { table.Close(qerrors.ErrConnectionLost) })
		wg.Wait()
		table.Close(qerrors.ErrConnectionLost)
		for _, p := range promises {
			wantError(t, p, qerrors.ConnectionLost)
		}
		wantNothing(t, m)
	}
}

// TestLentExactlyOnce: a promise that is used again gets what is for the message it is for at the
// time, however those before have ended, and whatever comes too late or twice.
func TestLentExactlyOnce(t *testing.T) {
	const workers, times = 8, 2000
	m := callback.NewManager(0)
	table := m.NewTable(callback.Hooks{})
	sentNumbers := make(chan uint64, 64)
	var peer, senders sync.WaitGroup
	peer.Go(func() {
		var before []*protocol.AckMessage
		for number := range sentNumbers {
			ack := &protocol.AckMessage{Number: number, Result: strconv.AppendUint(nil, number, 10)}
			table.Complete(time.Now(), ack, &protocol.AckMessage{Number: number - 1}, &protocol.AckMessage{Number: number})
			if before = append(before, &protocol.AckMessage{Number: number}); len(before) == 100 {
				table.Complete(time.Now(), before...)
				before = nil
			}
		}
	})
	for w := range workers {
		senders.Go(func() {
			for i := range times {
				timeout := time.Hour
				if i%3 == 0 {
					timeout = 0
				}
				s := callback.Sent{ID: strconv.Itoa(w), Begun: time.Now(), Timeout: timeout}
				p := table.New(&s, true)
				number := p.Number()
				if i%10 == 0 {
					p.Discard()
					continue
				}
				ctx, cancel := context.WithCancel(context.Background())
				if err := p.Begin(); err != nil {
					t.Error(err)
				}
				sentNumbers <- number
				switch i % 7 {
				case 0:
					go cancel()
				case 1:
					table.Fail(number, qerrors.New(qerrors.PayloadTooLarge, "failed"))
				}
				ack, err := p.Take(ctx)
				cancel()
				switch {
				case (ack == nil) == (err == nil):
					t.Errorf("message %d has %v and %v", number, ack, err)
				case err == nil && (ack.Number != number || ack.MsgId != s.ID):
					t.Errorf("message %d of %s has the acknowledgement %v", number, s.ID, ack)
				}
			}
		})
	}
	senders.Wait()
	close(sentNumbers)
	peer.Wait()
	wantNothing(t, m)
	if table.Len() != 0 {
		t.Errorf("%d promises wait", table.Len())
	}
}
