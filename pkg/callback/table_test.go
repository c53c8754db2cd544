package callback_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/voilet/QuicFlow/pkg/callback"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// TestLimit: the limit is that of the manager, whichever table a promise is in,
// and each completion makes room for one.
func TestLimit(t *testing.T) {
	const limit = 3
	m := callback.NewManager(limit)
	tables := []*callback.Table{m.NewTable(callback.Hooks{}), m.NewTable(callback.Hooks{})}
	first := add(t, tables[0], "first", in(time.Hour))
	for i := range limit - 1 {
		add(t, tables[i%2], fmt.Sprint(i), in(time.Hour))
	}
	for _, table := range tables {
		if _, err := begin(table, sent("one more", in(time.Hour))); !errors.Is(err, qerrors.ErrTooManyPromises) {
			t.Fatalf("past the limit: %v", err)
		}
	}
	if m.Active() != limit {
		t.Errorf("%d are active after a refusal, want %d", m.Active(), limit)
	}
	complete(tables[0], first)
	p := add(t, tables[1], "one more", in(time.Hour))
	if _, err := begin(tables[0], sent("and another", in(time.Hour))); !errors.Is(err, qerrors.ErrTooManyPromises) {
		t.Errorf("past the limit again: %v", err)
	}
	p.Cancel(nil)
	add(t, tables[0], "and another", in(time.Hour))
	for _, table := range tables {
		table.Close(qerrors.ErrClosed)
	}
	wantNothing(t, m)
}

func TestDefaultLimit(t *testing.T) {
	m := callback.NewManager(0)
	table := m.NewTable(callback.Hooks{})
	for i := range callback.DefaultMaxPromises {
		add(t, table, fmt.Sprint(i), in(time.Hour))
	}
	if _, err := begin(table, sent("x", in(time.Hour))); !errors.Is(err, qerrors.ErrTooManyPromises) {
		t.Errorf("promise %d: %v", callback.DefaultMaxPromises+1, err)
	}
	table.Close(qerrors.ErrClosed)
	wantNothing(t, m)
}

// TestSameID: what an acknowledgement completes is a matter of the number, and of the
// table; ids may be used again.
func TestSameID(t *testing.T) {
	m := callback.NewManager(0)
	one, other := m.NewTable(callback.Hooks{}), m.NewTable(callback.Hooks{})
	first, second := add(t, one, "id", in(time.Hour)), add(t, one, "id", in(time.Hour))
	elsewhere := add(t, other, "id", in(time.Hour))
	complete(one, second)
	if isDone(first) || !isDone(second) || isDone(elsewhere) {
		t.Error("an acknowledgement completed the promise of another message")
	}
	first.Cancel(nil)
	complete(other, elsewhere)
	wantNothing(t, m)
}

func TestClose(t *testing.T) {
	m := callback.NewManager(0)
	table, other := m.NewTable(callback.Hooks{}), m.NewTable(callback.Hooks{})
	answered := add(t, table, "answered", in(time.Hour))
	complete(table, answered)
	waiting := []*callback.Promise{add(t, table, "1", in(time.Hour)), add(t, table, "2", in(time.Hour))}
	elsewhere := add(t, other, "1", in(time.Hour))

	table.Close(qerrors.ErrConnectionLost)
	for _, p := range waiting {
		wantError(t, p, qerrors.ConnectionLost)
	}
	if _, err := answered.Result(); err != nil {
		t.Errorf("the promise that was answered before has %v", err)
	}
	if isDone(elsewhere) || m.Active() != 1 || table.Len() != 0 {
		t.Errorf("%d are active, want the one of another connection", m.Active())
	}
	if _, err := begin(table, sent("3", in(time.Hour))); err != qerrors.ErrConnectionLost {
		t.Errorf("a promise after Close: %v, want the table's error as it is", err)
	}
	if complete(table, waiting[0]) {
		t.Error("an acknowledgement found a promise after Close")
	}
	table.Close(qerrors.ErrClosed)
	other.Close(qerrors.ErrClosed)
	wantNothing(t, m)
}

// TestOnDone: the table's is told of each promise once, then the promise's own, and
// then the promise is done.
func TestOnDone(t *testing.T) {
	var told []string
	var promises = map[string]*callback.Promise{}
	tell := func(who string) callback.OnDone {
		return func(p *callback.Promise, ack *protocol.AckMessage, err error, _ time.Time) {
			id := p.MessageID()
			told = append(told, who+" "+id+" "+ack.GetMsgId()+" "+qerrors.CodeOf(err).String())
			if isDone(promises[id]) {
				t.Errorf("%s was done before", id)
			}
		}
	}
	m := callback.NewManager(0)
	table := m.NewTable(callback.Hooks{Done: tell("table:")})
	telling := func(id string) callback.Sent {
		s := sent(id, in(time.Hour))
		s.OnDone = tell("promise:")
		return s
	}
	for _, id := range []string{"answered", "cancelled", "lost"} {
		p, err := begin(table, telling(id))
		if err != nil {
			t.Fatal(err)
		}
		promises[id] = p
	}
	complete(table, promises["answered"])
	promises["cancelled"].Cancel(nil)
	table.Close(qerrors.ErrConnectionLost)
	if _, err := begin(table, telling("refused")); err == nil {
		t.Error("a closed table makes a promise")
	}
	want := []string{
		"table: answered answered ok", "promise: answered answered ok",
		"table: cancelled  canceled", "promise: cancelled  canceled",
		"table: lost  connection_lost", "promise: lost  connection_lost",
	}
	if fmt.Sprint(told) != fmt.Sprint(want) {
		t.Errorf("told %q, want %q", told, want)
	}
}
