package quicnet_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quic-go/quic-go"

	"github.com/voilet/QuicFlow/internal/quicnet"
	"github.com/voilet/QuicFlow/internal/testnet"
)

// attempt is what becomes of dialing one address: after a while an error, or a
// connection; or neither until ctx ends, if after is zero.
type attempt struct {
	after time.Duration
	err   error
	conn  *quic.Conn
	deaf  bool // it comes although ctx has ended
}

// dialer dials the addresses of a host as it was told to.
type dialer struct {
	attempts []attempt // by port
	begun    time.Time

	mu      sync.Mutex
	started []string // the port and when
	running int
}

func (d *dialer) addrs() (all []*net.UDPAddr) {
	for port := range d.attempts {
		all = append(all, &net.UDPAddr{Port: port})
	}
	return all
}

func (d *dialer) dial(ctx context.Context, addr *net.UDPAddr) (*quic.Conn, error) {
	d.mu.Lock()
	d.started = append(d.started, fmt.Sprint(addr.Port, " after ", time.Since(d.begun)))
	d.running++
	d.mu.Unlock()
	defer func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.running--
	}()
	a := d.attempts[addr.Port]
	if a.deaf {
		time.Sleep(a.after)
		return a.conn, a.err
	}
	var answer <-chan time.Time
	if a.after > 0 {
		answer = time.After(a.after)
	}
	select {
	case <-answer:
		return a.conn, a.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

var (
	errFirst = errors.New("the first address")
	errOther = errors.New("another address")
)

func TestRace(t *testing.T) {
	one, other := new(quic.Conn), new(quic.Conn)
	const ms = time.Millisecond
	for _, test := range []struct {
		name     string
		attempts []attempt
		conn     *quic.Conn
		err      error
		started  []string
		took     time.Duration
	}{
		{"the first answers", []attempt{{after: 100 * ms, conn: one}, {after: ms, conn: other}},
			one, nil, []string{"0 after 0s"}, 100 * ms},
		{"the first is slow", []attempt{{after: 300 * ms, conn: one}, {after: 200 * ms, conn: other}},
			one, nil, []string{"0 after 0s", "1 after 250ms"}, 300 * ms},
		{"the second overtakes", []attempt{{after: time.Hour, conn: one}, {after: 200 * ms, conn: other}},
			other, nil, []string{"0 after 0s", "1 after 250ms"}, 450 * ms},
		{"only the third answers", []attempt{{}, {}, {after: 10 * ms, conn: one}},
			one, nil, []string{"0 after 0s", "1 after 250ms", "2 after 500ms"}, 510 * ms},
		{"the first fails at once", []attempt{{after: ms, err: errFirst}, {after: ms, conn: one}},
			one, nil, []string{"0 after 0s", "1 after 1ms"}, 2 * ms},
		{"the second fails, the first answers", []attempt{{after: 400 * ms, conn: one}, {after: ms, err: errOther}},
			one, nil, []string{"0 after 0s", "1 after 250ms"}, 400 * ms},
		{"all fail", []attempt{{after: 100 * ms, err: errFirst}, {after: ms, err: errOther}, {after: ms, err: errOther}},
			nil, errFirst, []string{"0 after 0s", "1 after 100ms", "2 after 101ms"}, 102 * ms},
		{"all fail, the first one last", []attempt{{after: 400 * ms, err: errFirst}, {after: ms, err: errOther}},
			nil, errFirst, []string{"0 after 0s", "1 after 250ms"}, 400 * ms},
		{"no answer until the deadline", []attempt{{}, {after: ms, err: errOther}},
			nil, context.DeadlineExceeded, []string{"0 after 0s", "1 after 250ms"}, 10 * time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := &dialer{attempts: test.attempts, begun: time.Now()}
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				defer cancel()
				conn, err := quicnet.Race(ctx, d.addrs(), d.dial)
				if conn != test.conn || !errors.Is(err, test.err) {
					t.Errorf("got the connection wanted: %v; error %v, want %v", conn == test.conn, err, test.err)
				}
				if took := time.Since(d.begun); took != test.took {
					t.Errorf("took %v, want %v", took, test.took)
				}
				if !slices.Equal(d.started, test.started) || d.running != 0 {
					t.Errorf("began %q, want %q; %d are still under way", d.started, test.started, d.running)
				}
			})
		})
	}
}

// TestRaceAfterTheEnd: with a ctx that has ended nothing is dialed.
func TestRaceAfterTheEnd(t *testing.T) {
	own := errors.New("the client was closed")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(own)
	d := &dialer{attempts: make([]attempt, 2)}
	if conn, err := quicnet.Race(ctx, d.addrs(), d.dial); conn != nil || !errors.Is(err, own) || len(d.started) > 0 {
		t.Errorf("got %v; dialed %q", err, d.started)
	}
}

// TestLateWinner: a connection that comes although another was first is closed.
func TestLateWinner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		hub := n.FakeHub()
		late, err := n.TryDial("a", quicnet.ALPN)
		if err != nil {
			t.Fatal(err)
		}
		peer, first := hub.Accept(), new(quic.Conn)
		d := &dialer{begun: time.Now(), attempts: []attempt{
			{after: quicnet.Stagger + 200*time.Millisecond, conn: late, deaf: true}, {after: 100 * time.Millisecond, conn: first},
		}}
		if conn, err := quicnet.Race(t.Context(), d.addrs(), d.dial); conn != first || err != nil {
			t.Errorf("the first one did not win: %v", err)
		}
		if late.Context().Err() == nil {
			t.Error("the late connection stays open")
		}
		if code := peer.Code(); code != 0 {
			t.Errorf("closed with %v", code)
		}
	})
}
