package server_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/voilet/QuicFlow/internal/testnet"
	"github.com/voilet/QuicFlow/pkg/protocol"
	"github.com/voilet/QuicFlow/pkg/transport/client"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

// TestModel lets random programs run in virtual time, and compares what each
// sender was told with what the handlers, the hooks and the counters say.
//
//	go test -run TestModel -rapid.checks 5000 ./pkg/transport/server
func TestModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		p := drawProgram(rt)
		rapid.SyncTest(rt, func(rt *rapid.T) {
			w := newWorld(testnet.Rapid(t, rt), p)
			w.run()
			w.end()
			w.check()
		})
	})
}

// world is what a program runs in.
type world struct {
	testing.TB
	p       *program
	network *testnet.Network
	hub     *server.Server
	clients []*client.Client
	atHub   *observer
	at      []*observer // the clients

	sends   sync.WaitGroup
	results []result // by step; each is written by its own goroutine
	ended   bool     // somebody was closed or stopped
}

// result is what a sender was told.
type result struct {
	ack       *protocol.AckMessage
	err       error
	broadcast server.BroadcastResult
}

func newWorld(t testing.TB, p *program) *world {
	w := &world{TB: t, p: p, network: testnet.Virtual(t), atHub: newObserver(p), results: make([]result, len(p.steps))}
	w.hub = w.network.Hub(w.atHub.dispatcher(), func(c *server.ServerConfig) {
		c.MaxQueueBytes, c.MaxPromises, c.Hooks = p.maxQueueBytes, p.maxPromises, w.atHub.hooks()
	})
	for i := range p.clients {
		o := newObserver(p)
		w.at = append(w.at, o)
		w.clients = append(w.clients, w.network.Client(name(i), o.dispatcher(), func(c *client.ClientConfig) {
			c.MaxQueueBytes, c.MaxPromises, c.Hooks = p.maxQueueBytes, p.maxPromises, o.hooks()
			c.ReconnectEnabled = true
		}))
	}
	w.network.Connect(w.clients...)
	w.network.Impair(testnet.Impairment{Loss: p.loss, Seed: p.seed})
	return w
}

func (w *world) run() {
	for i, s := range w.p.steps {
		time.Sleep(s.pause)
		switch s.action {
		case disconnect:
			_ = w.hub.Disconnect(name(s.client), "for a test") // it may not be there
		case cut:
			w.network.Cut(name(s.client))
		case mend:
			w.network.Mend(name(s.client))
		case closeOne:
			w.finish(w.clients[s.client].Close)
		case stop:
			w.finish(w.hub.Stop)
		default:
			w.sends.Go(func() { w.results[i] = w.send(i, s) })
		}
	}
}

// finish ends a hub or client in the background.
func (w *world) finish(end func(context.Context) error) {
	w.ended = true
	w.sends.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
		defer cancel()
		if err := end(ctx); err != nil && w.p.calm() {
			w.Errorf("an orderly end: %v", err)
		}
	})
}

func (w *world) send(i int, s step) (r result) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if s.msg.cancel == 0 {
		cancel()
	} else if s.msg.cancel > 0 {
		defer time.AfterFunc(s.msg.cancel, cancel).Stop()
	}
	switch msg := w.p.message(i); s.action {
	case up:
		r.ack, r.err = w.clients[s.client].SendMessage(ctx, msg, s.msg.waitAck, s.msg.timeout)
	case down:
		r.ack, r.err = w.hub.SendMessage(ctx, name(s.client), msg, s.msg.waitAck, s.msg.timeout)
	default:
		r.broadcast, r.err = w.hub.Broadcast(ctx, msg)
	}
	return r
}

// end waits until all is quiet, looks at the sessions, and ends what has not ended.
func (w *world) end() {
	w.sends.Wait()
	if w.p.calm() && !w.ended {
		time.Sleep(10 * time.Second) // what nobody waits for arrives as well
		w.checkSessions()
	}
	if w.p.hubEndsFirst {
		w.finish(w.hub.Stop)
	}
	for _, c := range w.clients {
		w.finish(c.Close)
	}
	w.sends.Wait()
	w.finish(w.hub.Stop)
	w.sends.Wait()
	synctest.Wait()
}
