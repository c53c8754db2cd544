package chaos

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/voilet/QuicFlow/internal/testnet"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
	"github.com/voilet/QuicFlow/pkg/transport/client"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

const clientID = "a"

// world is one run of a cell.
type world struct {
	network         *testnet.Network
	hub             *server.Server
	client          *client.Client
	atHub, atClient *journal
	returned        time.Time     // when a network that was dark was not any more
	failing         time.Duration // for how long after that an attempt to connect went on that failed
}

// seeds is with how many seeds each cell runs.
func seeds() uint64 {
	if *full {
		return 5
	}
	return 1
}

// TestVirtual runs the matrix in virtual time.
func TestVirtual(t *testing.T) {
	var rows []row
	for _, c := range cells() {
		r := row{title: c.title}
		t.Run(c.en, func(t *testing.T) {
			for i := range seeds() {
				synctest.Test(t, func(t *testing.T) { r.add(c.run(t, *seed+i)) })
			}
		})
		t.Log(documents()[0].line(r))
		rows = append(rows, r)
	}
	writeTable(t, "virtual", rows)
}

func (c cell) run(t *testing.T, seed uint64) row {
	w := newWorld(t)
	c.up.Seed, c.down.Seed = seed, seed
	w.network.ImpairEach(c.up, c.down)
	w.network.Connect(w.client)
	w.exchange(t, c.load, c.happens)
	want := expectation{messages: c.load.Messages, stays: !c.ends}
	w.check(t, want, fmt.Sprintf("seed %d", seed))
	r := w.row()
	if most := c.back + w.failing; c.back > 0 && r.recovery > most {
		t.Errorf("seed %d: acknowledged %v after the network was back, want %v at most", seed, r.recovery, most)
	}
	return r
}

// exchange has both ends send, while something happens.
func (w *world) exchange(t testing.TB, l load, happens func(*world)) {
	for end := time.Now().Add(patience); w.client.State() != client.StateConnected; time.Sleep(s) { // a first attempt may fail
		if time.Now().After(end) {
			t.Fatalf("the client does not get through: %v", w.client.Err())
		}
	}
	var wg sync.WaitGroup
	wg.Go(func() { w.atClient.run(l, w.client.SendMessage) })
	wg.Go(func() { w.atHub.run(l, w.down) })
	if happens != nil {
		wg.Go(func() { happens(w) })
	}
	wg.Wait()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := w.client.Close(ctx); err != nil {
		t.Errorf("the end of the client: %v", err)
	}
	if err := w.hub.Stop(ctx); err != nil {
		t.Errorf("the end of the hub: %v", err)
	}
}

// attempt returns for how long an attempt to connect goes on, if there is one, and it fails:
// one that has begun in the dark has QUIC's probes seconds apart.
func (w *world) attempt() time.Duration {
	failed := func() uint64 { return sum(w.client.GetMetrics().Refused) }
	begun, before := time.Now(), failed()
	for w.client.State() != client.StateConnected {
		if failed() > before {
			return time.Since(begun)
		}
		time.Sleep(10 * ms)
	}
	return 0
}

func sum(counts map[qerrors.Code]uint64) (n uint64) {
	for _, count := range counts {
		n += count
	}
	return n
}

func (w *world) down(ctx context.Context, m *protocol.DataMessage, waitAck bool, timeout time.Duration) (*protocol.AckMessage, error) {
	return w.hub.SendMessage(ctx, clientID, m, waitAck, timeout)
}

func (w *world) check(t testing.TB, want expectation, how string) {
	for _, p := range compare(w.atClient, w.atHub, want) {
		t.Errorf("%s, to the hub: %s", how, p)
	}
	for _, p := range compare(w.atHub, w.atClient, want) {
		t.Errorf("%s, from the hub: %s", how, p)
	}
	if n := w.client.GetMetrics().Reconnects; want.stays && n > 0 {
		t.Errorf("%s: the client had to reconnect %d times", how, n)
	}
}

func (w *world) row() row {
	r := newRow(w.returned, w.atClient, w.atHub)
	r.reconnects = int(w.client.GetMetrics().Reconnects)
	return r
}

// newRow sums the histories of both ends up.
func newRow(returned time.Time, ends ...*journal) (r row) {
	for _, j := range ends {
		for _, f := range j.Sent {
			r.messages++
			switch f.Outcome {
			case success:
				r.acked = append(r.acked, f.Took)
				after := f.Ended.Sub(returned)
				if !returned.IsZero() && after > 0 && (r.recovery == 0 || after < r.recovery) {
					r.recovery = after
				}
			case notSent:
				r.notSent++
			case unknown:
				r.unknown++
			}
		}
	}
	slices.Sort(r.acked)
	return r
}
