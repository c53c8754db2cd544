package callback_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/voilet/QuicFlow/pkg/callback"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// model says what has to become of each promise of a manager with two tables.
type model struct {
	manager *callback.Manager
	tables  [2]*callback.Table
	closed  [2]bool
	made    []*made
}

// made is a promise and what is expected of it.
type made struct {
	promise  *callback.Promise
	table    int
	id       string
	deadline time.Time
	over     bool         // it has completed,
	code     qerrors.Code // with this; OK stands for an acknowledgement
}

const modelLimit = 4

var modelIDs = []string{"a", "b", "c", "d", "e", "f"}

// TestModel lets programs of random operations run against the model, in virtual
// time.
func TestModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		rapid.SyncTest(rt, func(rt *rapid.T) {
			m := &model{manager: callback.NewManager(modelLimit)}
			for i := range m.tables {
				m.tables[i] = m.manager.NewTable(callback.Hooks{})
			}
			rt.Repeat(map[string]func(*rapid.T){
				"add": m.add, "acknowledge": m.acknowledge, "cancel": m.cancel,
				"sleep": m.sleep, "close": m.close, "": m.check,
			})
			for i := range m.tables {
				m.tables[i].Close(qerrors.ErrClosed)
			}
			wantNothing(rt, m.manager)
			for _, table := range m.tables {
				if table.StopTimer() {
					rt.Fatal("a timer runs while no promise waits")
				}
			}
		})
	})
}

func (m *model) waiting(belongs func(*made) bool) (found []*made) {
	for _, p := range m.made {
		if !p.over && belongs(p) {
			found = append(found, p)
		}
	}
	return found
}

func (m *model) all(*made) bool { return true }

func (m *model) add(t *rapid.T) {
	table, id := rapid.IntRange(0, 1).Draw(t, "table"), rapid.SampledFrom(modelIDs).Draw(t, "id")
	after := rapid.OneOf(rapid.Int64Range(-1, 50), rapid.Int64Range(5000, 12000)).Draw(t, "after, ms")
	deadline := in(time.Duration(after) * time.Millisecond)
	want := qerrors.OK
	switch {
	case len(m.waiting(m.all)) == modelLimit:
		want = qerrors.TooManyPromises
	case m.closed[table]:
		want = qerrors.ConnectionLost
	}
	p, err := begin(m.tables[table], sent(id, deadline))
	if qerrors.CodeOf(err) != want {
		t.Fatalf("a promise: %v, want %v", err, want)
	}
	if err == nil {
		m.made = append(m.made, &made{promise: p, table: table, id: id, deadline: deadline})
		m.expire() // the deadline may have passed already
	}
}

// acknowledge has acknowledgements of several promises of a table arrive together, also of
// some that have completed.
func (m *model) acknowledge(t *rapid.T) {
	table := rapid.IntRange(0, 1).Draw(t, "table")
	var acks []*protocol.AckMessage
	want := 0
	for _, p := range m.made {
		if p.table != table || !rapid.Bool().Draw(t, "acknowledged") {
			continue
		}
		acks = append(acks, &protocol.AckMessage{Number: p.promise.Number()})
		if !p.over {
			p.over = true
			want++
		}
	}
	if found := m.tables[table].Complete(time.Now(), acks...); found != want {
		t.Fatalf("%d acknowledgements found promises, want %d", found, want)
	}
}

func (m *model) cancel(t *rapid.T) {
	m.end(t, qerrors.Canceled, func(p *made) { p.promise.Cancel(nil) })
}

// end does something to any promise; it matters only to one that waits.
func (m *model) end(t *rapid.T, code qerrors.Code, how func(*made)) {
	if len(m.made) == 0 {
		t.Skip("no promise yet")
	}
	p := rapid.SampledFrom(m.made).Draw(t, "promise")
	how(p)
	if !p.over {
		m.abandon(p, code)
	}
}

// abandon notes that p ends before its acknowledgement has come.
func (m *model) abandon(p *made, code qerrors.Code) { p.over, p.code = true, code }

// sleep lets time pass.
func (m *model) sleep(t *rapid.T) {
	time.Sleep(time.Duration(rapid.OneOf(rapid.Int64Range(1, 40), rapid.Int64Range(4000, 11000)).Draw(t, "ms")) * time.Millisecond)
	m.expire()
}

// expire looks for deadlines. A promise whose deadline has just passed may have failed
// or not; past that by a tick it must have.
func (m *model) expire() {
	synctest.Wait()
	for _, p := range m.waiting(m.all) {
		if age := time.Since(p.deadline); age > tick || age >= 0 && isDone(p.promise) {
			m.abandon(p, qerrors.Timeout)
		}
	}
}

func (m *model) close(t *rapid.T) {
	table := rapid.IntRange(0, 9).Draw(t, "table, if it is one")
	if table > 1 {
		t.Skip("closing is rare")
	}
	m.tables[table].Close(qerrors.ErrConnectionLost)
	m.closed[table] = true
	for _, p := range m.waiting(func(p *made) bool { return p.table == table }) {
		p.over, p.code = true, qerrors.ConnectionLost
	}
}

func (m *model) check(t *rapid.T) {
	if waiting := len(m.waiting(m.all)); m.manager.Active() != waiting {
		t.Fatalf("%d are active, want %d", m.manager.Active(), waiting)
	}
	for _, p := range m.made {
		if isDone(p.promise) != p.over {
			t.Fatalf("%s is done: %v, want %v", p.id, !p.over, p.over)
		}
		if !p.over {
			continue
		}
		ack, err := p.promise.Result()
		if qerrors.CodeOf(err) != p.code || (ack != nil) != (err == nil) || errors.Is(err, qerrors.ErrOutcomeUnknown) != (err != nil && p.code != qerrors.QueueFull) {
			t.Fatalf("%s has %v, %v; want code %v", p.id, ack, err, p.code)
		}
	}
}
