package client_test

import (
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quic-go/quic-go"

	"github.com/voilet/QuicFlow/internal/testnet"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
	"github.com/voilet/QuicFlow/pkg/transport/client"
)

// Goroutines that call Connect at once, and all fail, do not disturb each other:
// the client is idle afterwards, and connects when it can.
func TestConnectFailsAtOnce(t *testing.T) {
	n := testnet.Loopback(t)
	n.Hub(testnet.Echo(), nil)
	c := n.Client("a", testnet.Echo(), nil)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 2000 {
				switch err := c.Connect("nonsense"); qerrors.CodeOf(err) {
				case qerrors.BadAddress, qerrors.InvalidArgument: // the latter while another attempt is under way
				default:
					t.Errorf("Connect: %v", err)
				}
			}
		})
	}
	wg.Wait()
	if state := c.State(); state != client.StateIdle {
		t.Errorf("the client is %v", state)
	}
	n.Connect(c)
	if err := c.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

// Connect fails while others close the client.
func TestConnectAgainstClose(t *testing.T) {
	n := testnet.Loopback(t)
	for range 50 {
		c := n.Client("a", testnet.Echo(), nil)
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() {
				for range 20 {
					if err := c.Connect("nonsense"); err == nil {
						t.Error("Connect to nowhere succeeded")
					}
				}
			})
			wg.Go(func() {
				if err := c.Close(t.Context()); err != nil {
					t.Errorf("Close: %v", err)
				}
			})
		}
		wg.Wait()
		if err := c.Connect("nonsense"); !errors.Is(err, qerrors.ErrClosed) {
			t.Errorf("Connect after Close: %v", err)
		}
	}
}

// A hub that ends the connection before, within or right after its welcome is
// heard: the reason is the hub's own.
func TestEndedDuringHandshake(t *testing.T) {
	welcome := testnet.Encode(&protocol.Frame{Kind: &protocol.Frame_Welcome{Welcome: &protocol.Welcome{Software: "a test"}}})
	for _, test := range []struct {
		name    string
		said    []byte
		pause   time.Duration
		code    qerrors.Code
		perhaps bool // Connect may succeed
	}{
		{"before the welcome", nil, 0, qerrors.TooManyClients, false},
		{"within the welcome", welcome[:1], 0, qerrors.Replaced, false},
		{"within the welcome, a moment later", welcome[:1], time.Millisecond, qerrors.Replaced, false},
		{"with the welcome", welcome, 0, qerrors.Draining, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			n := testnet.Loopback(t)
			hub := n.FakeHub()
			go func() {
				for p := hub.Accept(); p != nil; p = hub.Accept() {
					p.Read()
					p.Receive()
					if test.said != nil {
						p.Write(test.said)
					}
					time.Sleep(test.pause)
					_ = p.Conn.CloseWithError(quic.ApplicationErrorCode(test.code), "for a test")
				}
			}()
			for range 100 {
				c := n.Client("a", testnet.Echo(), nil)
				err := c.Connect(n.Addr())
				if err == nil && test.perhaps {
					<-c.Done()
					err = c.Err()
				}
				if qerrors.CodeOf(err) != test.code {
					t.Fatalf("got %v, want %v", err, test.code)
				}
				if err := c.Close(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// A hub that closes with a number that is no code of the protocol, or no code that
// a hub can have a reason for, is not understood as something else.
func TestUnknownCloseCode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		hub := n.FakeHub()
		go func() {
			for p := hub.Accept(); p != nil; p = hub.Accept() {
				_ = p.Conn.CloseWithError(1<<32|0x25, "of a newer version")
			}
		}()
		err := n.Client("a", testnet.Echo(), nil).Connect(n.Addr())
		if qerrors.CodeOf(err) != qerrors.Internal || errors.Is(err, qerrors.ErrReplaced) {
			t.Errorf("Connect: %v", err)
		}
	})
}
