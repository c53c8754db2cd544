package callback_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/voilet/QuicFlow/pkg/callback"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// remembered is how many messages that nobody waits for any more a table remembers.
const remembered = 1024

// TestForget: a table knows the latest messages that nobody waits for any more, until their
// acknowledgements come or it is told to forget them.
func TestForget(t *testing.T) {
	m := callback.NewManager(0)
	table := m.NewTable(callback.Hooks{})
	var want []uint64
	abandon := func() *callback.Promise {
		p := add(t, table, "id", in(time.Hour))
		p.Cancel(nil)
		return p
	}
	for i := range remembered + 3 {
		if p := abandon(); i == remembered {
			complete(table, p) // too late
		} else if i >= 3 {
			want = append(want, p.Number())
		}
	}
	got := table.Forget()
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("%d are remembered, from %d; want %d, from %d", len(got), got[0], len(want), want[0])
	}
	if again := table.Forget(); len(again) > 0 {
		t.Errorf("%d are remembered after that", len(again))
	}
	table.Close(qerrors.ErrClosed)
	wantNothing(t, m)
}

// TestExpiredIsAbandoned: one that was not cancelled, but took too long, is known as well.
func TestExpiredIsAbandoned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table := callback.NewManager(0).NewTable(callback.Hooks{})
		p := add(t, table, "id", in(time.Second))
		<-p.Done()
		if got := table.Forget(); !slices.Equal(got, []uint64{p.Number()}) {
			t.Errorf("remembered are %v, want %d", got, p.Number())
		}
	})
}
