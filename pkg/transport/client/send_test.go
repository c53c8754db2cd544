package client_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/voilet/QuicFlow/internal/testnet"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
	"github.com/voilet/QuicFlow/pkg/transport/client"
)

// silent is a hub that welcomes and reads, and never answers.
func silent(n *testnet.Network) {
	hub := n.FakeHub()
	go func() {
		for p := hub.Welcome(&protocol.Welcome{}); p != nil; p = hub.Welcome(&protocol.Welcome{}) {
			go func() {
				for p.Receive() != nil {
				}
			}()
		}
	}()
}

func TestBadSends(t *testing.T) {
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	headers := make(map[string]string)
	for i := range 65 {
		headers[string(rune('a'+i))] = "x"
	}
	command := protocol.MessageType_MESSAGE_TYPE_COMMAND
	for _, test := range []struct {
		name    string
		ctx     context.Context
		msg     *protocol.DataMessage
		timeout time.Duration
		code    qerrors.Code
	}{
		{"nil", context.Background(), nil, 0, qerrors.InvalidArgument},
		{"no type", context.Background(), &protocol.DataMessage{}, 0, qerrors.InvalidArgument},
		{"long id", context.Background(), &protocol.DataMessage{Type: command, MsgId: strings.Repeat("x", 129)}, 0, qerrors.InvalidArgument},
		{"id that is not UTF-8", context.Background(), &protocol.DataMessage{Type: command, MsgId: "\xff"}, 0, qerrors.InvalidArgument},
		{"large and not UTF-8", context.Background(), &protocol.DataMessage{Type: command, MsgId: "\xff", Payload: make([]byte, 100<<10)}, 0, qerrors.InvalidArgument},
		{"many headers", context.Background(), &protocol.DataMessage{Type: command, Headers: headers}, 0, qerrors.InvalidArgument},
		{"large headers", context.Background(), &protocol.DataMessage{Type: command, Headers: map[string]string{"a": strings.Repeat("x", 17<<10)}}, 0, qerrors.InvalidArgument},
		{"negative timeout", context.Background(), testnet.Command("x"), -1, qerrors.InvalidArgument},
		{"ended context", ended, testnet.Command("x"), 0, qerrors.Canceled},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := testnet.Virtual(t)
				hub := n.Hub(testnet.Echo(), nil)
				c := n.Client("a", testnet.Echo(), nil)
				n.Connect(c)
				for _, waitAck := range []bool{true, false} {
					for way, send := range map[string]func() error{
						"up":   func() error { _, err := c.SendMessage(test.ctx, test.msg, waitAck, test.timeout); return err },
						"down": func() error { _, err := hub.SendMessage(test.ctx, "a", test.msg, waitAck, test.timeout); return err },
					} {
						if err := send(); qerrors.CodeOf(err) != test.code || !errors.Is(err, qerrors.ErrNotSent) {
							t.Errorf("%s: %v", way, err)
						}
					}
				}
				if _, err := c.SendMessage(t.Context(), testnet.Command("x"), true, 0); err != nil {
					t.Errorf("a good one afterwards: %v", err)
				}
				if up, down := c.GetMetrics().MessagesSent, hub.GetMetrics().MessagesSent; up != 1 || down != 0 {
					t.Errorf("%d up and %d down were counted", up, down)
				}
			})
		})
	}
}

// Each send is told of once, however it ends.
func TestSendHooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		hub := n.FakeHub()
		go func() {
			hub.Accept().Send(&protocol.Frame{Kind: &protocol.Frame_Welcome{Welcome: &protocol.Welcome{}}})
		}()
		var events testnet.Events
		c := n.Client("a", testnet.Echo(), func(c *client.ClientConfig) { c.MaxQueueBytes, c.Hooks = 1000, events.Sends() })
		n.Connect(c)
		msg := testnet.Command(strings.Repeat("x", 60<<10))
		var want []string
		for i := range 50 { // the hub does not read, so that some wait for room
			msg.MsgId = string(rune('A' + i))
			_, err := c.SendMessage(t.Context(), msg, true, time.Second)
			want = append(want, "sent "+msg.MsgId+" "+qerrors.CodeOf(err).String())
		}
		synctest.Wait()
		if d := cmp.Diff(want, events.All()); d != "" {
			t.Errorf("events (-want +got):\n%s", d)
		}
	})
}
