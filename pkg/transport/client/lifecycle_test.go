package client_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/voilet/QuicFlow/internal/testnet"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/transport/client"
)

func TestSendByState(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		hub := n.Hub(testnet.Echo(), nil)
		c := n.Client("a", testnet.Echo(), nil)
		send := func(want qerrors.Code) {
			t.Helper()
			_, err := c.SendMessage(t.Context(), testnet.Command("x"), true, 2*time.Second)
			if qerrors.CodeOf(err) != want || want != qerrors.OK && !errors.Is(err, qerrors.ErrNotSent) {
				t.Errorf("%v: %v, want %v", c.State(), err, want)
			}
		}
		send(qerrors.NotConnected)
		n.Connect(c)
		send(qerrors.OK)
		if err := c.Connect(n.Addr()); qerrors.CodeOf(err) != qerrors.InvalidArgument {
			t.Errorf("a second Connect: %v", err)
		}
		if err := hub.Disconnect("a", "for a test"); err != nil {
			t.Fatal(err)
		}
		<-c.Done()
		if err := c.Err(); qerrors.CodeOf(err) != qerrors.Disconnected || !strings.Contains(err.Error(), "for a test") {
			t.Errorf("the client ended with %v", err)
		}
		send(qerrors.Closed)
		if err := c.Connect(n.Addr()); qerrors.CodeOf(err) != qerrors.Closed {
			t.Errorf("Connect after the end: %v", err)
		}
	})
}

func TestSendWaitsForReconnect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		hub := n.Hub(testnet.Echo(), nil)
		c := n.Client("a", testnet.Echo(), func(c *client.ClientConfig) { c.ReconnectEnabled = true })
		n.Connect(c)
		if err := hub.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		_, err := c.SendMessage(t.Context(), testnet.Command("x"), true, 5*time.Second)
		if qerrors.CodeOf(err) != qerrors.Timeout || !errors.Is(err, qerrors.ErrNotSent) {
			t.Errorf("while there is no hub: %v", err)
		}
		time.AfterFunc(time.Minute, func() { n.Hub(testnet.Echo(), nil) })
		for _, waitAck := range []bool{true, false} {
			if _, err := c.SendMessage(t.Context(), testnet.Command("x"), waitAck, 3*time.Minute); err != nil {
				t.Errorf("once there is one: %v", err)
			}
		}
	})
}

func TestConnectBeforeTheHub(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		impatient := n.Client("impatient", testnet.Echo(), nil)
		if err := impatient.Connect(n.Addr()); !errors.Is(err, qerrors.ErrUnreachable) || impatient.State() != client.StateIdle {
			t.Errorf("got %v, the client is %v", err, impatient.State())
		}
		patient := n.Client("patient", testnet.Echo(), func(c *client.ClientConfig) { c.ReconnectEnabled = true })
		n.Connect(patient)
		n.Hub(testnet.Echo(), nil)
		if _, err := patient.SendMessage(t.Context(), testnet.Command("x"), true, time.Minute); err != nil {
			t.Errorf("the patient one: %v", err)
		}
		if err := impatient.Connect(n.Addr()); err != nil {
			t.Errorf("the other, at its second attempt: %v", err)
		}
	})
}
