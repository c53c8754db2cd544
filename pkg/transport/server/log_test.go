package server_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/voilet/QuicFlow/internal/testnet"
	"github.com/voilet/QuicFlow/pkg/dispatcher"
	"github.com/voilet/QuicFlow/pkg/monitoring"
	"github.com/voilet/QuicFlow/pkg/protocol"
	"github.com/voilet/QuicFlow/pkg/transport/client"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

// about returns the lines that have words in them.
func about(words string, lines []string) []string {
	return slices.DeleteFunc(slices.Clone(lines), func(line string) bool { return !strings.Contains(line, words) })
}

// A host that comes again and again, and is refused, leaves one line, and another
// one with the count when the hub stops, whatever ids it gives itself.
func TestLogOfRefusals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		var log testnet.Log
		hub := n.Hub(testnet.Echo(), func(c *server.ServerConfig) { c.Logger, c.MaxClients = log.Logger(), 1 })
		n.Connect(n.Client("first", nil, nil))
		for i := range 5 {
			p := n.Dial("second")
			p.Send(testnet.Hello(fmt.Sprint("id-", i)))
			p.Code()
		}
		synctest.Wait()
		got := about("refused", log.Take())
		if len(got) != 1 || !strings.HasPrefix(got[0], "WARN refused client_id=id-0 remote=10.") || !strings.Contains(got[0], " code=too_many_clients error=") {
			t.Errorf("lines %q, want one about the first", got)
		}
		if err := hub.Stop(t.Context()); err != nil {
			t.Error(err)
		}
		got = log.Take()
		if len(got) != 3 || !strings.HasPrefix(got[0], "INFO disconnected client_id=first ") ||
			!strings.HasPrefix(got[1], "WARN refused client_id=id-4 ") || !strings.HasSuffix(got[1], " repeated=4") ||
			got[2] != "INFO stopped connections_cut=0 handlers_unfinished=0" {
			t.Errorf("the log ends with %q", got)
		}
		time.Sleep(time.Hour)
		if got := log.Take(); len(got) > 0 {
			t.Errorf("a hub that has stopped logs %q", got)
		}
	})
}

// Stop logs what was counted of panics: of the hub's hooks, and of the handlers of its
// dispatcher, whose log is another.
func TestStopFlushesLogs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		var hubLog, handlerLog testnet.Log
		d := dispatcher.NewDispatcher(&dispatcher.Config{Logger: handlerLog.Logger()})
		d.RegisterHandler(protocol.MessageType_MESSAGE_TYPE_COMMAND, dispatcher.HandlerFunc(
			func(context.Context, *protocol.DataMessage) (*protocol.DataMessage, error) { panic("oh") }))
		hub := n.Hub(d, func(c *server.ServerConfig) {
			c.Logger = hubLog.Logger()
			c.Hooks = &monitoring.EventHooks{OnMessageReceived: func(string, string) { panic("oh") }}
		})
		c := n.Client("a", nil, nil)
		n.Connect(c)
		for range 3 {
			if _, err := c.SendMessage(t.Context(), testnet.Command("x"), true, 0); err != nil {
				t.Fatal(err)
			}
		}
		if err := hub.Stop(t.Context()); err != nil {
			t.Error(err)
		}
		for what, log := range map[string]*testnet.Log{"an event hook panicked": &hubLog, "a handler panicked": &handlerLog} {
			if got := about(what, log.Take()); len(got) != 2 || !strings.HasSuffix(got[1], " repeated=2") {
				t.Errorf("%s: lines %q, want the first and one with a count of 2", what, got)
			}
		}
	})
}

// Nothing that happens to single messages is logged above debug.
func TestLogOfMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		var log testnet.Log
		hub := n.Hub(testnet.Handle(func(_ context.Context, m *protocol.DataMessage) (*protocol.DataMessage, error) {
			if len(m.Payload) == 0 {
				return nil, errors.New("empty")
			}
			return m, nil
		}), func(c *server.ServerConfig) { c.Logger = log.Logger() })
		c := n.Client("a", testnet.Echo(), nil)
		n.Connect(c)
		log.Take()
		for _, payload := range []string{"", "x"} {
			if _, err := c.SendMessage(t.Context(), testnet.Command(payload), true, 0); err != nil {
				t.Fatal(err)
			}
			if _, err := hub.SendMessage(t.Context(), "a", testnet.Command(payload), true, 0); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		got := log.Take()
		if len(got) != 1 || !strings.HasPrefix(got[0], `DEBUG "a message was not handled" client_id=a msg_id=`) ||
			!strings.HasSuffix(got[0], " code=handler_failed error=empty") {
			t.Errorf("lines %q, want one about the failure", got)
		}
	})
}

// The end of a session says how many messages went with it: in the log the same
// number as in the metrics, also when the client has come back already.
func TestLogOfWhatWasDropped(t *testing.T) {
	for name, end := range map[string]func(n *testnet.Network){
		"code=idle_timeout": func(*testnet.Network) {},
		"code=replaced": func(n *testnet.Network) {
			n.Connect(n.Client("second", nil, func(c *client.ClientConfig) { c.ClientID = "a" }))
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := testnet.Virtual(t)
				var log testnet.Log
				hub := n.Hub(testnet.Echo(), func(c *server.ServerConfig) { c.Logger, c.MaxQueueBytes = log.Logger(), 100_000 })
				n.Connect(n.Client("first", nil, func(c *client.ClientConfig) { c.ClientID = "a" }))
				n.Cut("first")
				for range 100 {
					if _, err := hub.Broadcast(t.Context(), testnet.Command(string(make([]byte, 10_000)))); err != nil {
						t.Fatal(err)
					}
				}
				synctest.Wait()
				if info, ok := hub.Client("a"); !ok || info.QueuedBytes < 100_000 || info.Dropped == 0 {
					t.Errorf("%d bytes wait for a client that reads nothing, and %d broadcasts have left it out", info.QueuedBytes, info.Dropped)
				}
				end(n)
				time.Sleep(time.Minute)
				if all := hub.GetMetrics().Traffic; hub.Traffic() != all {
					t.Errorf("the traffic is %+v, and %+v in the metrics", hub.Traffic(), all)
				}
				var dropped uint64
				for _, n := range hub.GetMetrics().Dropped {
					dropped += n
				}
				got := about("disconnected", log.Take())
				if want := fmt.Sprintf(" dropped=%d %s ", dropped, name); len(got) != 1 || !strings.Contains(got[0], want) {
					t.Errorf("lines %q, want one with %q", got, want)
				}
			})
		})
	}
}
