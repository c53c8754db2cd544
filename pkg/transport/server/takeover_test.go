package server_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/voilet/QuicFlow/internal/testnet"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/transport/client"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

func TestTakeover(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		var events testnet.Events
		hub := n.Hub(testnet.Echo(), func(c *server.ServerConfig) { c.Hooks = events.Connections() })
		// Two processes with one id, at two places.
		reconnecting := func(c *client.ClientConfig) { c.ClientID, c.ReconnectEnabled = "a", true }
		first, second := n.Client("first", testnet.Echo(), reconnecting), n.Client("second", testnet.Echo(), reconnecting)
		n.Connect(first, second)
		<-first.Done()
		if code := qerrors.CodeOf(first.Err()); code != qerrors.Closed && code != qerrors.Replaced {
			t.Errorf("the first ended with %v", first.Err())
		}
		if err := first.Err(); !strings.Contains(err.Error(), "another client with the id a took over: give each client an id of its own") {
			t.Errorf("the first does not say what to do: %v", err)
		}
		time.Sleep(5 * time.Minute) // a client that came back would replace the second
		if state := second.State(); state != client.StateConnected {
			t.Errorf("the second is %v", state)
		}
		if ack, err := hub.SendMessage(t.Context(), "a", testnet.Command("x"), true, 0); err != nil {
			t.Errorf("a message to the second: %v, %v", ack, err)
		}
		synctest.Wait()
		want := []string{"connect a", "disconnect a replaced", "connect a"}
		if d := cmp.Diff(want, events.All()); d != "" {
			t.Errorf("events (-want +got):\n%s", d)
		}
		if got := hub.GetMetrics().Disconnected; got[qerrors.Replaced] != 1 || len(got) != 1 {
			t.Errorf("disconnected: %v", got)
		}
	})
}

// sleepyLog sleeps at a line of the log, so that something else happens at this
// place.
type sleepyLog struct {
	slog.Handler
	at string
	d  time.Duration
}

func (s sleepyLog) Enabled(context.Context, slog.Level) bool { return true }

func (s sleepyLog) WithAttrs([]slog.Attr) slog.Handler { return s }

func (s sleepyLog) Handle(_ context.Context, r slog.Record) error {
	if r.Message == s.at {
		time.Sleep(s.d)
	}
	return nil
}

// A second takeover while the first is under way: each session is told of as
// connected before it is told of as disconnected.
func TestTakeoverDuringTakeover(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		var events testnet.Events
		n.Hub(testnet.Echo(), func(c *server.ServerConfig) {
			c.Hooks = events.Connections()
			c.Logger = slog.New(sleepyLog{at: "disconnected", d: 100 * time.Millisecond})
		})
		n.Dial("first").Hello("a")
		for _, name := range []string{"second", "third"} {
			p := n.Dial(name)
			p.Read()
			p.Send(testnet.Hello("a"))
			time.Sleep(50 * time.Millisecond)
		}
		time.Sleep(time.Second)
		want := []string{"connect a", "disconnect a replaced", "connect a", "disconnect a replaced", "connect a"}
		if d := cmp.Diff(want, events.All()); d != "" {
			t.Errorf("events (-want +got):\n%s", d)
		}
	})
}
