package callback_test

import (
	"slices"
	"testing"
	"time"

	"github.com/voilet/QuicFlow/pkg/callback"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// TestOld: a promise that waits while any number of later ones come and go is found.
func TestOld(t *testing.T) {
	m := callback.NewManager(0)
	table := m.NewTable(callback.Hooks{})
	var old []*callback.Promise
	for i := range 10_000 {
		p := add(t, table, "id", in(time.Hour))
		if i%100 == 0 {
			old = append(old, p)
			continue
		}
		if !complete(table, p) || complete(table, p) {
			t.Fatalf("promise %d was not completed once", i)
		}
	}
	numbers := []uint64{}
	for _, p := range old {
		numbers = append(numbers, p.Number())
	}
	if got := table.Pending(); !slices.Equal(got, numbers) || table.Oldest() != numbers[0] || table.Len() != len(old) {
		t.Errorf("%d wait: %v; want %v", table.Len(), got, numbers)
	}
	for _, p := range old {
		if !complete(table, p) {
			t.Errorf("promise %d was not waiting", p.Number())
		}
	}
	wantNothing(t, m)
}

// TestTogether: acknowledgements that come together complete the promises that they are
// for, in whatever order, and no others.
func TestTogether(t *testing.T) {
	m := callback.NewManager(0)
	table := m.NewTable(callback.Hooks{})
	var promises []*callback.Promise
	var acks []*protocol.AckMessage
	for range 100 {
		p := add(t, table, "id", in(time.Hour))
		promises = append(promises, p)
		acks = append(acks, &protocol.AckMessage{Number: p.Number()}, &protocol.AckMessage{Number: p.Number() + 1000})
	}
	slices.Reverse(acks)
	if got := table.Complete(time.Now(), acks...); got != len(promises) {
		t.Errorf("%d found their promises, want %d", got, len(promises))
	}
	for _, p := range promises {
		if ack, err := p.Result(); ack.GetNumber() != p.Number() || err != nil {
			t.Errorf("promise %d has %v, %v", p.Number(), ack, err)
		}
	}
	wantNothing(t, m)
}

// TestLent: a promise that is lent can be used for one message after another, and what came
// for an earlier one, or its deadline, is nothing to a later one.
func TestLent(t *testing.T) {
	m := callback.NewManager(0)
	table := m.NewTable(callback.Hooks{})
	lend := func(deadline time.Time) *callback.Promise {
		s := sent("id", deadline)
		p := table.New(&s, true)
		if err := p.Begin(); err != nil {
			t.Fatal(err)
		}
		return p
	}
	for range 100 {
		late := lend(in(0))
		number := late.Number()
		if _, err := late.Take(t.Context()); qerrors.CodeOf(err) != qerrors.Timeout {
			t.Fatalf("past the deadline: %v", err)
		}
		p := lend(in(time.Hour))
		table.Complete(time.Now(), &protocol.AckMessage{Number: number})
		want := p.Number()
		go complete(table, p)
		if ack, err := p.Take(t.Context()); ack.GetNumber() != want || err != nil {
			t.Fatalf("answered: %v, %v", ack, err)
		}
	}
	wantNothing(t, m)
}
