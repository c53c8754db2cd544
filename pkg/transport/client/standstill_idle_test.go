package client_test

import (
	"context"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/voilet/QuicFlow/internal/testnet"
	"github.com/voilet/QuicFlow/pkg/protocol"
	"github.com/voilet/QuicFlow/pkg/transport/client"
)

// dials is a socket that notes when a connection is begun on it.
type dials struct {
	net.PacketConn
	mu    sync.Mutex
	begun map[string]time.Time // by the connection id that the client has chosen for the hub
}

func (d *dials) WriteTo(b []byte, to net.Addr) (int, error) {
	if len(b) > 6 && b[0]&0xf0 == 0xc0 { // Initial, RFC 9000, section 17.2.2
		d.mu.Lock()
		id := string(b[6:min(6+int(b[5]), len(b))])
		if _, known := d.begun[id]; !known {
			d.begun[id] = time.Now()
		}
		d.mu.Unlock()
	}
	return d.PacketConn.WriteTo(b, to)
}

// since returns how many connections were begun since a time, and how long after it the
// first one was.
func (d *dials) since(t time.Time) (n int, first time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, at := range d.begun {
		if after := at.Sub(t); after >= 0 {
			if n++; n == 1 || after < first {
				first = after
			}
		}
	}
	return n, first
}

// A hub that stands still is dialed at once by who has something under way, and later, and
// seldom, by who has only a heartbeat: thousands of those would keep a hub busy that has
// too much to do already.
func TestIdleClientIsPatient(t *testing.T) {
	const ms, s = time.Millisecond, time.Second
	up := func(p *pair) { _, _ = p.c.SendAsync(context.Background(), testnet.Command("x"), time.Hour) }
	silently := func(p *pair) { _, _ = p.c.SendMessage(context.Background(), testnet.Command("x"), false, 0) }
	handled := func(p *pair) { _, _ = p.hub.SendAsync(context.Background(), "a", testnet.Command("x"), time.Hour) }
	for _, test := range []struct {
		name           string
		before, during func(p *pair) // the hub stands still
		first          span          // dialed, after the heartbeat that has no answer; the client looks every 2 s
		least, most    int           // in 12.5 s after that
	}{
		{name: "a heartbeat", first: span{3 * s, 12 * s}, least: 1, most: 2},
		{name: "a message that waits", before: up, first: span{700 * ms, 4 * s}, least: 10, most: 25},
		{name: "a message that nobody waits for", during: silently, first: span{2 * s, 3 * s}, least: 10, most: 25},
		{name: "an answer", before: handled, first: span{700 * ms, 4 * s}, least: 10, most: 25},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &pair{n: testnet.Virtual(t)}
				slow := testnet.Handle(func(context.Context, *protocol.DataMessage) (*protocol.DataMessage, error) {
					time.Sleep(time.Second) // so that its answer is sent while nothing arrives
					return nil, nil
				})
				p.hub = p.n.Hub(slow, nil)
				socket := &dials{PacketConn: p.n.Listen("socket"), begun: map[string]time.Time{}}
				p.c = p.n.Client("a", slow, func(c *client.ClientConfig) { c.ReconnectEnabled, c.Socket = true, client.NewSocket(socket) })
				p.n.Connect(p.c)
				time.Sleep(14500 * ms)
				if test.before != nil {
					test.before(p)
				}
				time.Sleep(200 * ms)
				p.n.Cut("socket")
				begun := time.Now().Add(300 * ms) // the heartbeat
				time.Sleep(2300 * ms)
				if test.during != nil {
					test.during(p)
				}
				time.Sleep(10500 * ms)
				if n, first := socket.since(begun); n < test.least || n > test.most || !test.first.has(first) {
					t.Errorf("dialed %d times, at first %v after the heartbeat", n, first)
				}
			})
		})
	}
}
