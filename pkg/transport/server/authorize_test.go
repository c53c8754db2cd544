package server_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/voilet/QuicFlow/internal/testnet"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/monitoring"
	"github.com/voilet/QuicFlow/pkg/policy"
	"github.com/voilet/QuicFlow/pkg/protocol"
	"github.com/voilet/QuicFlow/pkg/session"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

const fleetPolicy = `
rules:
  - name: sensors
    clients: [sensor-*]
    send:
      - types: [command]
        max-payload: 4
    receive: [command]
  - clients: [mute]
`

// policed writes a policy, and returns what makes a hub obey it.
func policed(t *testing.T, text string) (path string, configure func(*server.ServerConfig)) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "policy.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := policy.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return path, func(c *server.ServerConfig) { c.Authorizer = file }
}

func isDenied(ack *protocol.AckMessage, err error) bool {
	return err == nil && ack.Status == protocol.AckStatus_ACK_STATUS_FAILURE && qerrors.Code(ack.Code) == qerrors.PermissionDenied
}

// TestMaySend: what a client may not send reaches no handler, whatever it is.
func TestMaySend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		_, obey := policed(t, fleetPolicy)
		var handled testnet.Counter
		var log testnet.Log
		hub := n.Hub(handled.Dispatcher(), func(c *server.ServerConfig) { obey(c); c.Logger = log.Logger() })
		sensor, mute, stranger := n.Client("sensor-1", nil, nil), n.Client("mute", nil, nil), n.Client("stranger", nil, nil)
		n.Connect(sensor, mute, stranger)
		ctx := t.Context()

		if ack, err := sensor.SendMessage(ctx, testnet.Command("fine"), true, 0); err != nil || ack.Status != protocol.AckStatus_ACK_STATUS_SUCCESS {
			t.Errorf("what the policy allows: %v, %v", ack, err)
		}
		event := &protocol.DataMessage{Type: protocol.MessageType_MESSAGE_TYPE_EVENT}
		other := testnet.Command("x")
		other.ReceiverId = "sensor-2"
		large := &protocol.DataMessage{Type: protocol.MessageType_MESSAGE_TYPE_EVENT, Payload: make([]byte, 200<<10)}
		denied := 0
		for _, m := range []*protocol.DataMessage{event, testnet.Command("large"), other, large} {
			if ack, err := sensor.SendMessage(ctx, m, true, 0); !isDenied(ack, err) {
				t.Errorf("%v of %d bytes to %q: %v, %v", m.Type, len(m.Payload), m.ReceiverId, ack, err)
			}
			denied++
		}
		for _, c := range []interface {
			SendMessage(context.Context, *protocol.DataMessage, bool, time.Duration) (*protocol.AckMessage, error)
		}{mute, stranger} {
			if ack, err := c.SendMessage(ctx, testnet.Command("x"), true, 0); !isDenied(ack, err) {
				t.Errorf("without a rule that allows it: %v, %v", ack, err)
			}
			denied++
		}
		log.Take()
		for range 50 { // nobody is told of these, so the hub counts and logs them
			if _, err := mute.SendMessage(ctx, testnet.Command("x"), false, 0); err != nil {
				t.Fatal(err)
			}
			denied++
		}
		time.Sleep(time.Second)
		if got := about("a message was refused", log.Take()); len(got) > 2 {
			t.Errorf("50 messages leave %d lines: %q", len(got), got)
		}
		m := hub.GetMetrics()
		counted(t, "messages that were handled", handled.Load(), 1)
		counted(t, "refusals", m.HandlerFailures[qerrors.PermissionDenied], uint64(denied))
		if err := errors.Join(mute.Close(ctx), sensor.Close(ctx), hub.Stop(ctx)); err != nil {
			t.Errorf("the connections end with %v", err)
		}
		if got := strings.Join(about("a message was refused", log.Take()), "\n"); !strings.Contains(got, "client_id=mute") || !strings.Contains(got, "repeated=") {
			t.Errorf("the rest of the log says %q", got)
		}
	})
}

// TestMayReceive: a send to a client that may not receive the type fails at its sender.
func TestMayReceive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		_, obey := policed(t, fleetPolicy)
		hub := n.Hub(nil, obey)
		var handled testnet.Counter
		n.Connect(n.Client("sensor-1", handled.Dispatcher(), nil), n.Client("mute", handled.Dispatcher(), nil))
		ctx, event := t.Context(), &protocol.DataMessage{Type: protocol.MessageType_MESSAGE_TYPE_EVENT}

		if ack, err := hub.SendMessage(ctx, "sensor-1", testnet.Command("x"), true, 0); err != nil || ack.Status != protocol.AckStatus_ACK_STATUS_SUCCESS {
			t.Errorf("what the policy allows: %v, %v", ack, err)
		}
		for _, waitAck := range []bool{false, true} {
			for id, m := range map[string]*protocol.DataMessage{"sensor-1": event, "mute": testnet.Command("x")} {
				if _, err := hub.SendMessage(ctx, id, m, waitAck, 0); !errors.Is(err, qerrors.ErrPermissionDenied) || !errors.Is(err, qerrors.ErrNotSent) {
					t.Errorf("%v to %s: %v", m.Type, id, err)
				}
			}
		}
		result, err := hub.Broadcast(ctx, testnet.Command("x"))
		if err != nil || result.Delivered != 1 || len(result.Failed) != 1 || !errors.Is(result.Failed["mute"], qerrors.ErrPermissionDenied) {
			t.Errorf("a broadcast: %+v, %v", result, err)
		}
		m := hub.GetMetrics()
		counted(t, "sends that failed", m.Failed[qerrors.PermissionDenied], 4)
		counted(t, "clients left out", m.Dropped[qerrors.PermissionDenied], 1)
		time.Sleep(time.Second)
		counted(t, "messages that were handled", handled.Load(), 2)
	})
}

// TestPolicyChanges: living connections obey the new policy, and a broken file changes nothing.
func TestPolicyChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		path, obey := policed(t, fleetPolicy)
		var log testnet.Log
		hub := n.Hub(testnet.Echo(), func(c *server.ServerConfig) { obey(c); c.Logger = log.Logger() })
		mute := n.Client("mute", nil, nil)
		n.Connect(mute)
		change := func(text string, want monitoring.Reload) {
			t.Helper()
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			time.Sleep(within)
			if got := hub.GetMetrics().Reloads[monitoring.PolicyFile]; got != want {
				t.Errorf("reloads are %+v, want %+v", got, want)
			}
		}
		send := func() (*protocol.AckMessage, error) {
			return mute.SendMessage(t.Context(), testnet.Command("x"), true, 0)
		}

		change("rules:\n  - clients: [mute]\n    send: [commands]\n", monitoring.Reload{Failed: 1, Unusable: true})
		if lines := about("a file stays as it was", log.Take()); len(lines) != 1 || !strings.Contains(lines[0], "policy.yaml:3: ") {
			t.Errorf("the log has %q", lines)
		}
		if ack, err := send(); !isDenied(ack, err) {
			t.Errorf("under the old policy: %v, %v", ack, err)
		}
		change(`rules: [{clients: [mute], send: [{types: [command]}]}]`, monitoring.Reload{Succeeded: 1, Failed: 1})
		if ack, err := send(); err != nil || ack.Status != protocol.AckStatus_ACK_STATUS_SUCCESS {
			t.Errorf("under the new policy: %v, %v", ack, err)
		}
		change(fleetPolicy, monitoring.Reload{Succeeded: 2, Failed: 1})
		if ack, err := send(); !isDenied(ack, err) {
			t.Errorf("under the old policy again: %v, %v", ack, err)
		}
		counted(t, "sessions", hub.GetMetrics().Connections, 1)
	})
}

// TestRateSlowsDown: over its rate a client loses nothing; others, and acknowledgements to
// it, do not wait. A drain does not wait for a rate.
func TestRateSlowsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		_, obey := policed(t, `
rules:
  - clients: [slow]
    send: [{types: [command], rate: 10}]
    receive: ["*"]
  - clients: ["*"]
    send: [{types: ["*"]}]
`)
		var handled testnet.Counter
		hub := n.Hub(handled.Dispatcher(), obey)
		slow, other := n.Client("slow", testnet.Echo(), nil), n.Client("other", nil, nil)
		n.Connect(slow, other)
		for range 110 {
			if _, err := slow.SendMessage(t.Context(), testnet.Command("x"), false, 0); err != nil {
				t.Fatal(err)
			}
		}
		begun := time.Now()
		if _, err := other.SendMessage(t.Context(), testnet.Command("x"), true, 0); err != nil {
			t.Error(err)
		}
		if _, err := hub.SendMessage(t.Context(), "slow", testnet.Command("x"), true, 0); err != nil {
			t.Error(err)
		}
		if took := time.Since(begun); took > 100*time.Millisecond {
			t.Errorf("others waited for %v", took)
		}
		time.Sleep(5*time.Second - time.Since(begun))
		if got := handled.Load() - 1; got < 55 || got > 65 { // a burst of 10 and 10 a second
			t.Errorf("%d messages were handled in 5 s, want 60", got)
		}
		begun = time.Now()
		if err := hub.Stop(t.Context()); err != nil {
			t.Error(err)
		}
		if took := time.Since(begun); took > 3*time.Second {
			t.Errorf("the drain took %v", took)
		}
		counted(t, "messages handled in the end", handled.Load(), 111)
	})
}

// TestRateAndTimeout: what its sender has given up by the time that its turn comes is not
// handled.
func TestRateAndTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		_, obey := policed(t, `rules: [{clients: [slow], send: [{types: [command], rate: 1}]}]`)
		var handled testnet.Counter
		hub := n.Hub(handled.Dispatcher(), obey)
		slow := n.Client("slow", nil, nil)
		n.Connect(slow)
		failed := 0
		for range 3 {
			if _, err := slow.SendMessage(t.Context(), testnet.Command("x"), true, 100*time.Millisecond); errors.Is(err, qerrors.ErrTimeout) {
				failed++
			}
		}
		time.Sleep(10 * time.Second)
		if failed != 2 || handled.Load() != 1 {
			t.Errorf("%d senders gave up, and %d messages were handled, want 2 and 1", failed, handled.Load())
		}
		counted(t, "answers that came too late", hub.GetMetrics().HandlerFailures[qerrors.DeadlinePassed], 2)
	})
}

// own is an authorizer of an application: it knows some clients, and says no in its own words.
type own struct{}

func (own) Permissions(id string) session.Permissions {
	if id != "known" {
		return nil
	}
	return own{}
}

func (own) MaySend(m *protocol.DataMessage) (time.Duration, error) {
	if m.Headers["ticket"] == "" {
		return 0, errors.New("no ticket")
	}
	return 0, nil
}

func (own) MayReceive(protocol.MessageType) error { return nil }

func TestOwnAuthorizer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		hub := n.Hub(testnet.Echo(), func(c *server.ServerConfig) { c.Authorizer = own{} })
		known, unknown := n.Client("known", testnet.Echo(), nil), n.Client("unknown", testnet.Echo(), nil)
		n.Connect(known, unknown)
		m := testnet.Command("x")
		if ack, err := known.SendMessage(t.Context(), m, true, 0); !isDenied(ack, err) || !strings.Contains(ack.Error, "no ticket") {
			t.Errorf("without a ticket: %v, %v", ack, err)
		}
		m.Headers = map[string]string{"ticket": "1"}
		if ack, err := known.SendMessage(t.Context(), m, true, 0); err != nil || ack.Status != protocol.AckStatus_ACK_STATUS_SUCCESS {
			t.Errorf("with a ticket: %v, %v", ack, err)
		}
		if ack, err := unknown.SendMessage(t.Context(), m, true, 0); !isDenied(ack, err) {
			t.Errorf("from one without permissions: %v, %v", ack, err)
		}
		if _, err := hub.SendMessage(t.Context(), "unknown", m, true, 0); !errors.Is(err, qerrors.ErrPermissionDenied) {
			t.Errorf("to one without permissions: %v", err)
		}
		if _, err := hub.SendMessage(t.Context(), "known", m, true, 0); err != nil {
			t.Errorf("to one with permissions: %v", err)
		}
		hub.Reread() // there is nothing to read but the certificate
	})
}

// TestRateOfWhoEnds: a client cannot leave its rate behind by saying that it is about to go.
func TestRateOfWhoEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		_, obey := policed(t, `rules: [{clients: [slow], send: [{types: [command], rate: 10}]}]`)
		var handled testnet.Counter
		n.Hub(handled.Dispatcher(), obey)
		p := n.Dial("slow")
		p.Hello("slow")
		p.Send(&protocol.Frame{Kind: &protocol.Frame_GoAway{GoAway: &protocol.GoAway{DataSent: 1 << 40}}})
		time.Sleep(time.Second)
		data := p.Open()
		for range 3000 {
			m := testnet.Command("x")
			m.MsgId = "m"
			_, _ = data.Write(testnet.Encode(&protocol.Frame{Kind: &protocol.Frame_Data{Data: m}}))
		}
		time.Sleep(10 * time.Second)
		if got := handled.Load(); got > 150 {
			t.Errorf("%d messages were handled in 10 s at a rate of 10", got)
		}
	})
}
