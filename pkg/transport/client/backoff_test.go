package client_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/voilet/QuicFlow/internal/testnet"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
	"github.com/voilet/QuicFlow/pkg/transport/client"
)

// attempts returns when a client that never gets an answer has tried.
func attempts(t *testing.T, many int, configure func(*client.ClientConfig)) (pauses []time.Duration) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		hub := n.FakeHub()
		c := n.Client("a", testnet.Echo(), configure)
		go func() { _ = c.Connect(n.Addr()) }()
		var last time.Time
		for range many {
			p := hub.Accept()
			if !last.IsZero() {
				pauses = append(pauses, time.Since(last))
			}
			last = time.Now()
			_ = p.Conn.CloseWithError(0x24, "full") // too_many_clients
		}
	})
	return pauses
}

// The pauses between attempts are random parts of a time that doubles up to a limit.
func TestBackoff(t *testing.T) {
	const trips = 50 * time.Millisecond // what the attempts themselves take
	longest := make([]time.Duration, 8)
	shortest := make([]time.Duration, 8)
	for range 40 {
		for i, d := range attempts(t, 9, func(c *client.ClientConfig) {
			c.ReconnectEnabled, c.InitialBackoff, c.MaxBackoff = true, time.Second, 20*time.Second
		}) {
			limit := min(time.Second<<i, 20*time.Second)
			if d > limit+trips {
				t.Errorf("pause %d is %v, over %v", i, d, limit)
			}
			longest[i] = max(longest[i], d)
			if shortest[i] == 0 || d < shortest[i] {
				shortest[i] = d
			}
		}
	}
	for i, d := range longest {
		// That 40 random parts are all below or all above a half has a
		// probability of 2^-40.
		limit := min(time.Second<<i, 20*time.Second)
		if d < limit/2 || shortest[i] > limit/2+trips {
			t.Errorf("pause %d is from %v to %v, not a random part of %v", i, shortest[i], d, limit)
		}
	}
}

func TestBackoffBeginsAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		hub := n.FakeHub()
		c := n.Client("a", testnet.Echo(), func(c *client.ClientConfig) {
			c.ReconnectEnabled, c.InitialBackoff, c.MaxBackoff = true, time.Second, time.Hour
		})
		go func() { _ = c.Connect(n.Addr()) }()
		for range 10 {
			_ = hub.Accept().Conn.CloseWithError(0x24, "full")
		}
		p := hub.Welcome(&protocol.Welcome{})
		time.Sleep(20 * time.Second) // it lasts
		ended := time.Now()
		_ = p.Conn.CloseWithError(0x28, "off you go")
		hub.Accept()
		if d := time.Since(ended); d > 1100*time.Millisecond {
			t.Errorf("back after %v, want at most a second", d)
		}
	})
}

func TestMaxRetries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		n.Cut("a")
		c := n.Client("a", testnet.Echo(), func(c *client.ClientConfig) { c.ReconnectEnabled, c.MaxRetries = true, 3 })
		n.Connect(c)
		<-c.Done()
		if err := c.Err(); qerrors.CodeOf(err) != qerrors.RetriesExhausted || c.State() != client.StateClosed {
			t.Errorf("the client is %v: %v", c.State(), err)
		}
		if _, err := c.SendMessage(t.Context(), testnet.Command("x"), true, 0); qerrors.CodeOf(err) != qerrors.Closed || !errors.Is(err, qerrors.ErrNotSent) {
			t.Errorf("a send afterwards: %v", err)
		}
		if err := c.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}
