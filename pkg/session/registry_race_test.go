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
// removed, or still there in the end; and there are never more than the limit.
func TestRegistryRaces(t *testing.T) {
	const limit, workers, times = 4, 8, 1000
	r := session.NewRegistry[*member](limit)
	var entered, left atomic.Int32
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			random := rand.New(rand.NewPCG(1, uint64(w)))
			for i := range times {
				m := newMember(fmt.Sprint(random.IntN(2 * limit)))
				replaced, err := r.Add(m)
				switch {
				case err == nil:
					entered.Add(1)
				case !errors.Is(err, qerrors.ErrTooManyClients):
					t.Error(err)
				}
				if replaced != nil {
					left.Add(1)
				}
				if n := r.Len(); n > limit {
					t.Errorf("%d members with a limit of %d", n, limit)
				}
				if i%2 == 0 && r.Remove(m) {
					left.Add(1)
				}
			}
		})
	}
	wg.Wait()
	if rest := len(r.Close(qerrors.ErrClosed)); int(entered.Load()-left.Load()) != rest {
		t.Errorf("%d entered, %d left and %d are there", entered.Load(), left.Load(), rest)
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
				if _, err := r.Add(newMember(fmt.Sprint(i))); err == nil {
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
