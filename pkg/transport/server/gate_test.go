package server_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/voilet/QuicFlow/internal/testnet"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/monitoring"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

// Who never says hello has half of the room at most, and others get in.
func TestOneAddressWithoutHello(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		hub := n.Hub(testnet.Echo(), func(c *server.ServerConfig) { c.MaxPending = 20 })
		flood := newCrowd(t, n, "flood")
		flood.dialMany(10)
		flood.refused()
		stopped(t, hub, monitoring.LimitPendingPerIP)
		n.Connect(n.Client("honest", nil, nil))
		time.Sleep(6 * time.Second) // the time for a hello is over
		if got := hub.GetMetrics().Refused[qerrors.HelloTimeout]; got != 10 {
			t.Errorf("%d were refused because they said nothing", got)
		}
		flood.dialMany(10)
	})
}

func TestClientsOfOneAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		hub := n.Hub(testnet.Echo(), func(c *server.ServerConfig) { c.MaxClientsPerIP = 2 })
		home := newCrowd(t, n, "home")
		conns := home.dialMany(2)
		home.refused()
		stopped(t, hub, monitoring.LimitClientsPerIP)
		n.Connect(n.Client("elsewhere", nil, nil))
		_ = conns[0].CloseWithError(0, "")
		time.Sleep(time.Second)
		home.dialMany(1)
		home.refused()
	})
}

// An address that connects too often is refused until its rate allows more. Before that
// it has to show that it is its own, so that nobody can use up the rate of another's.
func TestConnectRateOfOneAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		hub := n.Hub(testnet.Echo(), func(c *server.ServerConfig) { c.MaxConnectRatePerIP = 4 })
		flood := newCrowd(t, n, "flood")
		flood.dialMany(4)
		flood.refused()
		stopped(t, hub, monitoring.LimitConnectRatePerIP)
		if n := hub.GetMetrics().AddressValidations; n == 0 {
			t.Error("the address was not validated")
		}
		n.Connect(n.Client("honest", nil, nil))
		time.Sleep(time.Second)
		flood.dialMany(4)
		flood.refused()
	})
}

// Addresses are validated by themselves while many handshakes are under way, and only then.
func TestAddressValidation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		hub := n.Hub(testnet.Echo(), func(c *server.ServerConfig) { c.AddressValidationFrom = 5 })
		newCrowd(t, n, "flood").dialMany(4)
		n.Connect(n.Client("a", nil, nil))
		if got := hub.GetMetrics().AddressValidations; got != 0 {
			t.Errorf("%d packets had a Retry for an answer below the threshold", got)
		}
		newCrowd(t, n, "another flood").dialMany(1)
		n.Connect(n.Client("b", nil, nil))
		after := hub.GetMetrics().AddressValidations
		if after == 0 {
			t.Error("no address was validated from the threshold on")
		}
		time.Sleep(6 * time.Second) // none is under way any more
		n.Connect(n.Client("c", nil, nil))
		if got := hub.GetMetrics().AddressValidations; got != after {
			t.Errorf("%d packets had a Retry for an answer below the threshold again", got-after)
		}
	})
}

// What the hub remembers of addresses ends with their connections.
func TestAddressesAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		hub := n.Hub(testnet.Echo(), nil)
		c := n.Client("a", nil, nil)
		n.Connect(c)
		time.Sleep(time.Minute)
		if got := server.Sources(hub); got != 1 {
			t.Errorf("of one client %d addresses are known", got)
		}
		if err := c.Close(t.Context()); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Minute)
		if got := server.Sources(hub); got != 0 {
			t.Errorf("of no client %d addresses are known", got)
		}
	})
}
