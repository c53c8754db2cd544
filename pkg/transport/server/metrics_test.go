package server_test

import (
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/voilet/QuicFlow/internal/certs"
	"github.com/voilet/QuicFlow/internal/testnet"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/monitoring"
	"github.com/voilet/QuicFlow/pkg/transport/client"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

// counted makes a check of one number of a snapshot.
func counted[N int | int64 | uint64](t *testing.T, what string, got, want N) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// A minute of an idle client, and what it costs to lose it.
func TestConnectionMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		hub := n.Hub(testnet.Echo(), func(c *server.ServerConfig) { c.MaxClients = 5 })
		c := n.Client("a", testnet.Echo(), func(c *client.ClientConfig) { c.ReconnectEnabled = true })
		n.Connect(c)
		time.Sleep(time.Minute + time.Second)
		for who, m := range map[string]monitoring.Snapshot{"hub": hub.GetMetrics(), "client": c.GetMetrics()} {
			counted(t, who+": connected", m.ConnectedClients, 1)
			counted(t, who+": connections", m.Connections, 1)
			counted(t, who+": heartbeats sent", m.HeartbeatsSent, 4)
			counted(t, who+": heartbeats received", m.HeartbeatsReceived, 4)
			counted(t, who+": samples of the round-trip time", m.QUICRTT.Count, 12)
			if rtt := m.QUICRTT.P50; rtt < 9*time.Millisecond || rtt > 14*time.Millisecond {
				t.Errorf("%s: the round-trip time is %v, want 10 ms and little more", who, rtt)
			}
		}
		counted(t, "clients that the hub takes", hub.GetMetrics().MaxClients, 5)

		n.Cut("a")
		time.Sleep(time.Minute)
		n.Mend("a")
		time.Sleep(2 * time.Minute)
		for who, m := range map[string]monitoring.Snapshot{"hub": hub.GetMetrics(), "client": c.GetMetrics()} {
			counted(t, who+": reconnects", m.Reconnects, 1)
			counted(t, who+": connections", m.Connections, 2)
			counted(t, who+": idle timeouts", m.NetworkErrors[qerrors.IdleTimeout], 1)
			counted(t, who+": connected again", m.ConnectedClients, 1)
		}
		if tried := c.GetMetrics().NetworkErrors[qerrors.Unreachable]; tried == 0 {
			t.Error("the client has not counted that the hub could not be reached")
		}
	})
}

// What a network loses is counted, once, and goes on being counted when the
// connection has ended.
func TestLossMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		n.Impair(testnet.Impairment{Latency: 20 * time.Millisecond, Loss: 0.05})
		hub := n.Hub(testnet.Echo(), nil)
		c := n.Client("a", testnet.Echo(), nil)
		n.Connect(c)
		for range 500 {
			if _, err := hub.SendMessage(t.Context(), "a", testnet.Command(string(make([]byte, 2000))), true, time.Minute); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(10 * time.Second) // for the sample
		m := hub.GetMetrics()
		info, _ := hub.Client("a")
		if m.PacketsLost == 0 || m.PacketsLost != info.PacketsLost || m.BytesLost != info.BytesLost || m.BytesLost < 100*m.PacketsLost {
			t.Errorf("%d packets of %d bytes were lost, of the one client %d of %d", m.PacketsLost, m.BytesLost, info.PacketsLost, info.BytesLost)
		}
		if err := c.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if after := hub.GetMetrics(); after.PacketsLost != m.PacketsLost {
			t.Errorf("%d packets were lost, and %d after the end, with nothing sent in between", m.PacketsLost, after.PacketsLost)
		}
	})
}

// An operator must know in time that nobody will be let in.
func TestCertificateMetrics(t *testing.T) {
	dir := t.TempDir()
	made, err := certs.Create(certs.Options{Dir: dir, Validity: 48 * time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	path := func(name string) string { return filepath.Join(dir, name) }
	hub, err := server.NewServer(&server.ServerConfig{TLSCertFile: path(certs.ServerCertFile), TLSKeyFile: path(certs.ServerKeyFile)})
	if err != nil {
		t.Fatal(err)
	}
	config := client.ClientConfig{ClientID: "a", TLSCAFile: path(certs.CACertFile)}
	without, err := client.NewClient(&config)
	if err != nil {
		t.Fatal(err)
	}
	config.TLSCertFile, config.TLSKeyFile = path(certs.ClientCertFile), path(certs.ClientKeyFile)
	with, err := client.NewClient(&config)
	if err != nil {
		t.Fatal(err)
	}
	want := made.NotAfter.Unix()
	counted(t, "expiry of the hub's", hub.GetMetrics().CertificateExpires.Unix(), want)
	counted(t, "expiry of the client's", with.GetMetrics().CertificateExpires.Unix(), want)
	if at := without.GetMetrics().CertificateExpires; !at.IsZero() {
		t.Errorf("a certificate that is not there expires at %v", at)
	}
}

// Two servers in one process do not touch each other's registries.
func TestRegistriesAreApart(t *testing.T) {
	n := testnet.Loopback(t)
	var names []int
	for range 2 {
		hub, err := server.NewServer(n.ServerConfig())
		if err != nil {
			t.Fatal(err)
		}
		if first, again := hub.Registry(), hub.Registry(); first != again {
			t.Error("a server has two registries")
		}
		families, err := hub.Registry().Gather()
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, len(families))
	}
	if names[0] < 27 || names[0] != names[1] {
		t.Errorf("the servers have %v metrics, want the same number of at least 27", names)
	}
}

// What is lost after the last sample is counted at the end of the connection.
func TestLossesUntilTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		n.Impair(testnet.Impairment{Latency: 20 * time.Millisecond, Loss: 0.1})
		hub := n.Hub(nil, func(c *server.ServerConfig) { c.HeartbeatCheckInterval = time.Hour })
		c := n.Client("a", testnet.Echo(), nil)
		n.Connect(c)
		for range 300 {
			if _, err := hub.SendMessage(t.Context(), "a", testnet.Command(string(make([]byte, 2000))), true, time.Minute); err != nil {
				t.Fatal(err)
			}
		}
		counted(t, "before a sample", hub.GetMetrics().PacketsLost, 0)
		if err := c.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Second)
		if m := hub.GetMetrics(); m.PacketsLost == 0 || m.BytesLost == 0 {
			t.Errorf("%d packets of %d bytes were lost", m.PacketsLost, m.BytesLost)
		}
	})
}

// A peer that QUIC keeps alive but that says nothing is given up, and counted.
func TestHeartbeatTimeoutMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		hub := n.Hub(nil, nil)
		p := n.Dial("silent")
		p.Hello("silent")
		if code := p.Code(); code != qerrors.HeartbeatTimeout {
			t.Errorf("closed with %v", code)
		}
		synctest.Wait()
		m := hub.GetMetrics()
		counted(t, "heartbeat timeouts", m.HeartbeatTimeouts, 1)
		counted(t, "disconnected", m.Disconnected[qerrors.HeartbeatTimeout], 1)
		counted(t, "connected", m.ConnectedClients, 0)
	})
}
