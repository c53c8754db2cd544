package callback_test

import (
	"errors"
	"testing"
	"time"

	"github.com/voilet/QuicFlow/internal/leaktest"
	"github.com/voilet/QuicFlow/pkg/callback"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// tick is how late a promise may fail.
const tick = 10 * time.Millisecond

func in(d time.Duration) time.Time { return time.Now().Add(d) }

// complete has an acknowledgement of p arrive, and reports whether p was waiting.
func complete(table *callback.Table, p *callback.Promise) bool {
	return table.Complete(time.Now(), &protocol.AckMessage{Number: p.Number()}) == 1
}

func sent(id string, deadline time.Time) callback.Sent {
	now := time.Now()
	return callback.Sent{ID: id, Begun: now, Timeout: deadline.Sub(now)}
}

func add(t *testing.T, table *callback.Table, id string, deadline time.Time) *callback.Promise {
	t.Helper()
	p, err := begin(table, sent(id, deadline))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// begin makes a promise that waits.
func begin(table *callback.Table, s callback.Sent) (*callback.Promise, error) {
	p := table.New(&s, false)
	if err := p.Begin(); err != nil {
		p.Discard()
		return nil, err
	}
	return p, nil
}

func isDone(p *callback.Promise) bool {
	select {
	case <-p.Done():
		return true
	default:
		return false
	}
}

// wantError fails the test unless p has completed with an error of this code that
// says that the outcome is unknown.
func wantError(t *testing.T, p *callback.Promise, code qerrors.Code) {
	t.Helper()
	if !isDone(p) {
		t.Fatalf("promise %s has not completed, want %v", p.MessageID(), code)
	}
	ack, err := p.Result()
	if ack != nil || qerrors.CodeOf(err) != code || !errors.Is(err, qerrors.ErrOutcomeUnknown) {
		t.Errorf("promise %s: %v, %v; want code %v and an unknown outcome", p.MessageID(), ack, err, code)
	}
}

// wantNothing fails the test if anything is left of the manager's promises.
func wantNothing(t interface {
	Helper()
	Errorf(string, ...any)
}, m *callback.Manager) {
	t.Helper()
	if active := m.Active(); active != 0 {
		t.Errorf("%d promises are active, want none", active)
	}
}
