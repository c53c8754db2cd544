package session_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/session"
)

// TestRegistryRaces: whoever was let in leaves in one way, exactly once: replaced,
// removed, or still there in the end; what is reported comes in order, one report
// after another; and there are never more than the limit.
func TestRegistryRaces(t *testing.T) {
	const limit, workers, times = 4, 8, 1000
	r := session.NewRegistry[*member](limit)
	present := map[string]*member{} // as reported: nothing but the registry guards it
	var entered, left atomic.Int32
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			random := rand.New(rand.NewPCG(1, uint64(w)))
			for i := range times {
				id := fmt.Sprint(random.IntN(2 * limit))
				m := newMember(id)
				replaced, err := r.Add(m, func(replaced *member) {
					if present[id] != replaced {
						t.Errorf("%v is reported to have replaced %v, which was not there", m, replaced)
					}
					present[id] = m
				})
				if err == nil {
					entered.Add(1)
				} else if !errors.Is(err, qerrors.ErrTooManyClients) {
					t.Error(err)
				}
				if replaced != nil {
					left.Add(1)
				}
				if n := r.Len(); n > limit {
					t.Errorf("%d members with a limit of %d", n, limit)
				}
				if i%2 == 0 && r.Remove(m, func() {
					if present[id] != m {
						t.Errorf("%v is reported to have left, which was not there", m)
					}
					delete(present, id)
				}) {
					left.Add(1)
				}
			}
		})
	}
	wg.Wait()
	rest := r.Close(qerrors.ErrClosed)
	if int(entered.Load()-left.Load()) != len(rest) || len(present) != len(rest) {
		t.Errorf("%d entered, %d left and %d are there; reported: %d", entered.Load(), left.Load(), len(rest), len(present))
	}
}

// TestCloseAgainstAdd: Close returns everyone who was let in.
func TestCloseAgainstAdd(t *testing.T) {
	for range 200 {
		r := session.NewRegistry[*member](0)
		var entered int
		var wg sync.WaitGroup
		wg.Go(func() {
			for i := range 20 {
				if _, err := r.Add(newMember(fmt.Sprint(i)), unheard); err == nil {
					entered++
				} else if !errors.Is(err, qerrors.ErrClosed) {
					t.Error(err)
				}
			}
		})
		left := r.Close(qerrors.ErrClosed)
		wg.Wait()
		if len(left) != entered {
			t.Fatalf("%d were let in, Close returned %d", entered, len(left))
		}
	}
}
