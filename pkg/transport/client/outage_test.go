package client_test

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/voilet/QuicFlow/internal/testnet"
	"github.com/voilet/QuicFlow/pkg/callback"
	"github.com/voilet/QuicFlow/pkg/monitoring"
	"github.com/voilet/QuicFlow/pkg/transport/client"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

// span is a time from one to another, which both are in it.
type span struct{ from, to time.Duration }

func (s span) has(d time.Duration) bool { return s.from <= d && d <= s.to }

// outage is what happens when the network is cut for a while, with the defaults: what
// docs/network-reliability.md says. Some depends on when the heartbeats are.
type outage struct {
	cut            time.Duration
	busy           bool // a message is under way each way
	survives, dies bool // the connection does, or it depends
	hub, client    span // when they notice, if it dies, after the cut
	back           span // when the client is, after the end of the cut
	acked          span // when the messages are, after the end of the cut
}

func TestOutages(t *testing.T) {
	const s = time.Second
	for _, o := range []outage{
		{cut: s, survives: true},
		{cut: s, busy: true, survives: true, acked: span{0, s}},
		{cut: 14 * s, survives: true},
		{cut: 14 * s, busy: true, survives: true, acked: span{0, s}},
		{cut: 29 * s, hub: span{15 * s, 30 * s}, client: span{28 * s, 46 * s}, back: span{0, 18 * s}},
		{cut: 29 * s, busy: true, hub: span{30 * s, 31 * s}, client: span{30 * s, 31 * s}, back: span{0, 5 * s}, acked: span{0, s}},
		{cut: 31 * s, dies: true, hub: span{15 * s, 30 * s}, client: span{30 * s, 46 * s}, back: span{0, 17 * s}},
		{cut: 31 * s, busy: true, dies: true, hub: span{30 * s, 31 * s}, client: span{30 * s, 31 * s}, back: span{0, 5 * s}, acked: span{0, 5 * s}},
		{cut: 2 * time.Minute, dies: true, hub: span{15 * s, 30 * s}, client: span{30 * s, 46 * s}, back: span{0, 75 * s}},
		{cut: 2 * time.Minute, busy: true, dies: true, hub: span{30 * s, 31 * s}, client: span{30 * s, 31 * s}, back: span{0, 75 * s}, acked: span{0, 75 * s}},
	} {
		for after := 0; after < 15; after += 2 { // seconds after a heartbeat, until the next
			t.Run(fmt.Sprintf("cut %v, busy %v, %d s after a heartbeat", o.cut, o.busy, after), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { o.happens(t, 15*s+time.Duration(after)*s+s/2) })
			})
		}
	}
}

// watched is what an end of the connection has seen, and when after the cut.
type watched struct {
	mu         sync.Mutex
	begun      time.Time
	lost, back []time.Duration
	answered   time.Duration // its message
	err        error         // or why not
}

func (w *watched) begin() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.begun = time.Now()
}

// note adds the present time to a list.
func (w *watched) note(list *[]time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	*list = append(*list, time.Since(w.begun))
}

func (w *watched) hooks() *monitoring.EventHooks {
	return &monitoring.EventHooks{
		OnDisconnect: func(string, error) { w.note(&w.lost) },
		OnReconnect:  func(string, int) { w.note(&w.back) },
	}
}

func (w *watched) wait(p *callback.Promise) {
	_, err := p.Result()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.answered, w.err = time.Since(w.begun), err
}

func (o outage) happens(t *testing.T, at time.Duration) {
	n := testnet.Virtual(t)
	var atHub, atClient watched
	hub := n.Hub(testnet.Echo(), func(c *server.ServerConfig) { c.Hooks = atHub.hooks() })
	c := n.Client("a", testnet.Echo(), func(c *client.ClientConfig) { c.ReconnectEnabled, c.Hooks = true, atClient.hooks() })
	n.Connect(c)
	time.Sleep(at)
	n.Cut("a")
	atHub.begin()
	atClient.begin()
	var wg sync.WaitGroup
	if o.busy {
		up, err := c.SendAsync(t.Context(), testnet.Command("x"), time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		down, err := hub.SendAsync(t.Context(), "a", testnet.Command("x"), time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		wg.Go(func() { atClient.wait(up) })
		wg.Go(func() { atHub.wait(down) })
	}
	time.Sleep(o.cut)
	n.Mend("a")
	time.Sleep(2 * time.Minute)
	wg.Wait()
	for _, w := range []*watched{&atHub, &atClient} {
		w.mu.Lock()
		defer w.mu.Unlock()
	}
	o.check(t, "hub", &atHub, o.hub)
	o.check(t, "client", &atClient, o.client)
	if len(atHub.lost) != len(atClient.lost) {
		t.Errorf("the hub has lost the connection after %v, the client after %v", atHub.lost, atClient.lost)
	}
	if back := atClient.back; len(back) > 0 && !o.back.has(back[0]-o.cut) {
		t.Errorf("back %v after the end", back[0]-o.cut)
	}
	if _, err := c.SendMessage(t.Context(), testnet.Command("x"), true, time.Second); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// check looks at one end.
func (o outage) check(t *testing.T, where string, w *watched, lost span) {
	t.Helper()
	switch {
	case len(w.lost) == 0 && o.dies, len(w.lost) > 0 && o.survives, len(w.lost) > 1:
		t.Errorf("the %s has lost the connection after %v", where, w.lost)
	case len(w.lost) == 1 && !lost.has(w.lost[0]):
		t.Errorf("the %s has noticed after %v", where, w.lost[0])
	}
	if o.busy && (w.err != nil || !o.acked.has(w.answered-o.cut)) {
		t.Errorf("at the %s, which has lost the connection after %v: %v, %v after the end", where, w.lost, w.err, w.answered-o.cut)
	}
}
