package server_test

import (
	"context"
	"sync"
	"testing"

	"github.com/voilet/QuicFlow/internal/testnet"
)

// TestQlogDuringAFlood switches traces on and off, several callers at once, while
// messages go both ways as fast as they can.
func TestQlogDuringAFlood(t *testing.T) {
	n := newTraced(t)
	c := n.connect("a")
	flooding, stop := context.WithCancel(t.Context())
	var flood, callers sync.WaitGroup
	for range 8 {
		flood.Go(func() {
			for flooding.Err() == nil {
				if _, err := c.SendMessage(t.Context(), testnet.Command("x"), true, 0); err != nil {
					t.Error(err)
				}
				if _, err := n.hub.SendMessage(t.Context(), "a", testnet.Command("x"), true, 0); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range 3 {
		callers.Go(func() {
			for range 10 {
				if _, err := n.hub.StartQlog("a"); err != nil {
					t.Error(err)
				}
				// Between the two, if nobody else stops it, the trace has something of the flood.
				if _, err := n.hub.SendMessage(t.Context(), "a", testnet.Command("x"), true, 0); err != nil {
					t.Error(err)
				}
				if err := n.hub.StopQlog("a"); err != nil {
					t.Error(err)
				}
			}
		})
	}
	callers.Wait()
	path := n.start("a")
	n.exchange(c, "a", 10, "x")
	n.stop("a")
	stop()
	flood.Wait()
	for _, file := range n.files() {
		testnet.ReadQlog(t, file)
	}
	if q := testnet.ReadQlog(t, path); q.Count("transport:packet_sent") == 0 || q.Count("transport:packet_received") == 0 {
		t.Errorf("the last trace has %d events", len(q.Events))
	}
}

// TestQlogOfConnectionsThatEnd starts traces of connections that are about to end:
// each either has a file that is complete when the server has stopped, or none.
func TestQlogOfConnectionsThatEnd(t *testing.T) {
	n := newTraced(t)
	started := make(map[string]bool)
	for range 30 {
		n.connect("a")
		var ending sync.WaitGroup
		ending.Go(func() { _ = n.hub.Disconnect("a", "a test") })
		if path, err := n.hub.StartQlog("a"); err == nil {
			started[path] = true
		}
		ending.Wait()
	}
	if err := n.hub.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	for _, file := range n.files() {
		if !started[file] {
			t.Errorf("%s is of a trace that was not started", file)
		}
		testnet.ReadQlog(t, file)
	}
	if len(n.files()) != len(started) {
		t.Errorf("%d traces were started, and %d files are there", len(started), len(n.files()))
	}
}
