package callback_test

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/voilet/QuicFlow/pkg/callback"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// remembered is how many ids that nobody waits for any more a table remembers.
const remembered = 1024

// TestLateAcknowledgement: an id whose promise ended before its acknowledgement
// came cannot be used again on that connection until it has come; so it never
// completes the promise of another message.
func TestLateAcknowledgement(t *testing.T) {
	for name, end := range map[string]func(p *callback.Promise){
		"timed out": func(p *callback.Promise) { <-p.Done() },
		"cancelled": func(p *callback.Promise) { p.Cancel(nil) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := callback.NewManager(1)
				table, other := m.NewTable(nil, nil), m.NewTable(nil, nil)
				first := add(t, table, "id", in(time.Second))
				end(first)
				if _, err := first.Result(); !errors.Is(err, qerrors.ErrOutcomeUnknown) {
					t.Errorf("the first promise ended with %v", err)
				}
				for range 2 {
					if _, err := table.Add(sent("id", in(time.Hour))); !errors.Is(err, qerrors.ErrDuplicateMessage) {
						t.Fatalf("before the late acknowledgement: %v", err)
					}
					wantNothing(t, m)
				}
				add(t, other, "id", in(time.Hour))
				other.Complete(ackOf("id"))
				if _, found := table.Complete(ackOf("id")); found {
					t.Error("the late acknowledgement found a promise")
				}
				second := add(t, table, "id", in(time.Hour))
				table.Complete(ackOf("id"))
				if ack, err := second.Result(); ack == nil || err != nil {
					t.Errorf("the second promise has %v, %v", ack, err)
				}
			})
		})
	}
}

// TestForgotten: a table remembers the latest ids, and no more.
func TestForgotten(t *testing.T) {
	m := callback.NewManager(0)
	table := m.NewTable(nil, nil)
	abandon := func(id string) { add(t, table, id, in(time.Hour)).Cancel(nil) }
	taken := func(id string) bool {
		p, err := table.Add(sent(id, in(time.Hour)))
		if err == nil {
			table.Complete(ackOf(id))
			return !isDone(p)
		}
		return errors.Is(err, qerrors.ErrDuplicateMessage)
	}
	for i := range remembered {
		abandon(fmt.Sprint(i))
	}
	for i := range remembered {
		if !taken(fmt.Sprint(i)) {
			t.Fatalf("id %d of %d is forgotten", i, remembered)
		}
	}
	const more = 3
	for i := range more {
		abandon(fmt.Sprint("later ", i))
	}
	for i := range remembered {
		if got, want := taken(fmt.Sprint(i)), i >= more; got != want {
			t.Fatalf("id %d is remembered: %v, want %v", i, got, want)
		}
	}
	table.Close(qerrors.ErrClosed)
	wantNothing(t, m)
}

// TestAbandonedAgain: an id that was answered and abandoned anew is remembered for
// as long as any other.
func TestAbandonedAgain(t *testing.T) {
	m := callback.NewManager(0)
	table := m.NewTable(nil, nil)
	abandon := func(id string) { add(t, table, id, in(time.Hour)).Cancel(nil) }
	abandon("again")
	table.Complete(ackOf("again"))
	for i := range remembered - 1 {
		abandon(fmt.Sprint(i))
	}
	abandon("again")
	abandon("one more")
	if _, err := table.Add(sent("again", in(time.Hour))); !errors.Is(err, qerrors.ErrDuplicateMessage) {
		t.Errorf("the id that was abandoned last but one: %v", err)
	}
	table.Close(qerrors.ErrClosed)
}
