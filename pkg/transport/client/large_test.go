package client_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/voilet/QuicFlow/internal/testnet"
	"github.com/voilet/QuicFlow/pkg/callback"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
	"github.com/voilet/QuicFlow/pkg/transport/client"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

func randomBytes(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{byte(n)}).Read(b)
	return b
}

// Large frames and small ones, both ways, more than may be under way at once.
func TestLargeAmongSmall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		hub, c := n.Hub(testnet.Echo(), nil), n.Client("a", testnet.Echo(), nil)
		n.Connect(c)
		var wg sync.WaitGroup
		for i := range 30 {
			msg := testnet.Command(string(randomBytes([]int{10, 64<<10 - 100, 64 << 10, 300 << 10, 1 << 20}[i%5])))
			msg.Priority = protocol.Priority(i / 5 % 3)
			check := func(way string, ack *protocol.AckMessage, err error) {
				if err != nil || !bytes.Equal(ack.Result, msg.Payload) {
					t.Errorf("%s, %d bytes: %d came back, %v", way, len(msg.Payload), len(ack.GetResult()), err)
				}
			}
			wg.Go(func() {
				ack, err := c.SendMessage(t.Context(), msg, true, 5*time.Minute)
				check("up", ack, err)
			})
			wg.Go(func() {
				ack, err := hub.SendMessage(t.Context(), "a", msg, true, 5*time.Minute)
				check("down", ack, err)
			})
		}
		wg.Wait()
	})
}

func TestPayloadLimits(t *testing.T) {
	const mib = 1 << 20
	for _, test := range []struct {
		name              string
		atClient, atHub   int // limits; 0 is the default of 1 MiB
		payload           int
		code              qerrors.Code // of the client's send
		resultIsTooLarge  bool
		notCountedAsASend bool
	}{
		{"at the limit", 0, 0, mib, qerrors.OK, false, false},
		{"over the limit", 0, 0, mib + 1, qerrors.PayloadTooLarge, false, true},
		{"over the hub's limit", 2 * mib, 0, mib + 1, qerrors.PayloadTooLarge, false, true},
		{"result over the client's limit", mib, 2 * mib, mib, qerrors.OK, true, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := testnet.Virtual(t)
				hub := n.Hub(testnet.Handle(func(_ context.Context, m *protocol.DataMessage) (*protocol.DataMessage, error) {
					if test.resultIsTooLarge {
						return &protocol.DataMessage{Payload: append(m.Payload, 0)}, nil
					}
					return &protocol.DataMessage{Payload: m.Payload}, nil
				}), func(c *server.ServerConfig) { c.MaxPayload = test.atHub })
				c := n.Client("a", testnet.Echo(), func(c *client.ClientConfig) { c.MaxPayload = test.atClient })
				n.Connect(c)
				ack, err := c.SendMessage(t.Context(), testnet.Command(string(make([]byte, test.payload))), true, 10*time.Minute)
				if qerrors.CodeOf(err) != test.code {
					t.Fatalf("got %v, want %v", err, test.code)
				}
				if sent := c.GetMetrics().MessagesSent; (sent == 0) != test.notCountedAsASend {
					t.Errorf("%d were counted as sent", sent)
				}
				switch {
				case err != nil:
				case test.resultIsTooLarge:
					if ack.Status != protocol.AckStatus_ACK_STATUS_FAILURE || qerrors.Code(ack.Code) != qerrors.PayloadTooLarge {
						t.Errorf("got %v, %v, %q", ack.Status, qerrors.Code(ack.Code), ack.Error)
					}
				case len(ack.Result) != test.payload:
					t.Errorf("%d bytes came back: %v %q", len(ack.Result), ack.Status, ack.Error)
				}
				if _, ok := hub.Client("a"); !ok {
					t.Error("the connection has ended")
				}
			})
		})
	}
}

// The largest message there can be, on the loopback interface, since in virtual
// time each packet takes its time.
func TestLargestPayload(t *testing.T) {
	n := testnet.Loopback(t)
	const most = 64 << 20
	n.Hub(testnet.Handle(func(_ context.Context, m *protocol.DataMessage) (*protocol.DataMessage, error) {
		return &protocol.DataMessage{Payload: fmt.Append(nil, len(m.Payload))}, nil
	}), func(c *server.ServerConfig) { c.MaxPayload = most })
	c := n.Client("a", testnet.Echo(), func(c *client.ClientConfig) { c.MaxPayload = most })
	n.Connect(c)
	ack, err := c.SendMessage(t.Context(), testnet.Command(string(make([]byte, most))), true, time.Minute)
	if err != nil || string(ack.Result) != fmt.Sprint(most) {
		t.Errorf("%v, %v", ack, err)
	}
}

// TestSuccessAfterResultTooLarge: what is said of one result says nothing of the next, also
// when the reader handles one message after another itself.
func TestSuccessAfterResultTooLarge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		n.Hub(testnet.Handle(func(_ context.Context, m *protocol.DataMessage) (*protocol.DataMessage, error) {
			return &protocol.DataMessage{Payload: append(m.Payload, m.Payload...)}, nil
		}), nil)
		c := n.Client("a", testnet.Echo(), func(c *client.ClientConfig) { c.MaxPayload = 100 })
		n.Connect(c)
		var sent []*callback.Promise
		for i := range 500 {
			payload := []int{20, 80}[i%2]
			p, err := c.SendAsync(t.Context(), testnet.Command(string(make([]byte, payload))), time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			sent = append(sent, p)
		}
		for i, p := range sent {
			ack, err := p.Result()
			if err != nil {
				t.Fatal(err)
			}
			tooLarge := ack.Status == protocol.AckStatus_ACK_STATUS_FAILURE && qerrors.Code(ack.Code) == qerrors.PayloadTooLarge && ack.Error != ""
			fits := ack.Status == protocol.AckStatus_ACK_STATUS_SUCCESS && ack.Code == 0 && ack.Error == "" && len(ack.Result) == 40
			if i%2 == 0 && !fits || i%2 == 1 && !tooLarge {
				t.Errorf("%d: %v %v %q, %d bytes", i, ack.Status, qerrors.Code(ack.Code), ack.Error, len(ack.Result))
			}
		}
	})
}
