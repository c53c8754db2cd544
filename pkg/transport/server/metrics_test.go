package server_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/voilet/QuicFlow/internal/certs"
	"github.com/voilet/QuicFlow/internal/testnet"
	"github.com/voilet/QuicFlow/pkg/dispatcher"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/monitoring"
	"github.com/voilet/QuicFlow/pkg/protocol"
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

// While ten messages wait for the only worker, it shows.
func TestQueueMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		release := make(chan struct{})
		hub := n.Hub(testnet.HandleWith(dispatcher.Config{Workers: 1, QueueSize: 20}, blocked(release)), nil)
		c := n.Client("a", nil, nil)
		n.Connect(c)
		var promises []interface {
			Result() (*protocol.AckMessage, error)
		}
		for range 11 {
			p, err := c.SendAsync(t.Context(), testnet.Command("x"), time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			promises = append(promises, p)
		}
		time.Sleep(time.Second)
		m := hub.GetMetrics()
		counted(t, "queued", m.DispatcherQueued, 10)
		counted(t, "capacity", m.DispatcherCapacity, 20)
		counted(t, "busy", m.DispatcherBusy, 1)
		counted(t, "workers", m.DispatcherWorkers, 1)
		counted(t, "active promises of the client", c.GetMetrics().Promises.Active, 11)
		close(release)
		for _, p := range promises {
			if _, err := p.Result(); err != nil {
				t.Error(err)
			}
		}
		m = hub.GetMetrics()
		counted(t, "waits", m.QueueWait.Count, 11)
		if m.QueueWait.P50 < 900*time.Millisecond || m.HandlerDuration.P99 < 900*time.Millisecond || m.HandlerDuration.P50 > time.Millisecond {
			t.Errorf("waited %+v, handled in %+v; the first handler took a second, and the others waited for it", m.QueueWait, m.HandlerDuration)
		}
		counted(t, "handled", m.Handled[monitoring.Answer{
			Type: protocol.MessageType_MESSAGE_TYPE_COMMAND, Status: protocol.AckStatus_ACK_STATUS_SUCCESS,
		}], 11)
		counted(t, "round trips", c.GetMetrics().RoundTrips[protocol.MessageType_MESSAGE_TYPE_COMMAND].Count, 11)
	})
}

// What cannot be encoded or decoded is counted where it was noticed.
func TestCodecMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		hub := n.Hub(testnet.Echo(), nil)
		c := n.Client("a", nil, nil)
		n.Connect(c)
		for _, size := range []int{1, 100_000} { // in a lane, and on a stream of its own
			bad := testnet.Command(string(make([]byte, size)))
			bad.OrderingKey = "\xff"
			if _, err := c.SendMessage(t.Context(), bad, true, 0); qerrors.CodeOf(err) != qerrors.InvalidArgument {
				t.Errorf("text that is no UTF-8: %v", err)
			}
			if _, err := hub.Broadcast(t.Context(), bad); qerrors.CodeOf(err) != qerrors.InvalidArgument {
				t.Errorf("text that is no UTF-8 in a broadcast: %v", err)
			}
		}
		counted(t, "encoding errors of the client", c.GetMetrics().EncodingErrors, 2)
		counted(t, "failed sends of the client", c.GetMetrics().Failed[qerrors.InvalidArgument], 2)
		counted(t, "encoding errors of the hub", hub.GetMetrics().EncodingErrors, 2)

		p := n.Dial("raw")
		p.Hello("raw")
		p.Write([]byte{3, 0xff, 0xff, 0xff})
		if code := p.Code(); code != qerrors.ProtocolViolation {
			t.Errorf("closed with %v", code)
		}
		before := n.Dial("before its hello")
		before.Write([]byte{3, 0xff, 0xff, 0xff})
		before.Code()
		counted(t, "decoding errors", hub.GetMetrics().DecodingErrors, 2)
		counted(t, "network errors", len(hub.GetMetrics().NetworkErrors), 0)
	})
}

func TestBroadcastMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		hub := n.Hub(nil, nil)
		n.Connect(n.Client("a", nil, nil), n.Client("b", nil, nil))
		for range 3 {
			if _, err := hub.Broadcast(t.Context(), testnet.Command("12345")); err != nil {
				t.Fatal(err)
			}
		}
		m := hub.GetMetrics()
		counted(t, "broadcasts", m.Broadcasts, 3)
		counted(t, "targets", m.BroadcastTargets, 6)
		counted(t, "messages", m.MessagesSent, 6)
		counted(t, "bytes", m.BytesSent, 30)
	})
}

// A queue that nobody takes anything from is seen to be full.
func TestOutgoingQueueMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		hub := n.Hub(nil, func(c *server.ServerConfig) { c.MaxQueueBytes = 1 << 20 })
		n.Connect(n.Client("a", nil, nil))
		n.Cut("a")
		for hub.GetMetrics().OutgoingFullest < 1 {
			if _, err := hub.Broadcast(t.Context(), testnet.Command(string(make([]byte, 50_000)))); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Millisecond)
		}
		if bytes := hub.GetMetrics().OutgoingBytes; bytes < 1<<20 || bytes > 1<<20+60_000 {
			t.Errorf("%d bytes wait, want about a MiB", bytes)
		}
	})
}

func TestReady(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		hub, err := server.NewServer(n.ServerConfig())
		if err != nil {
			t.Fatal(err)
		}
		expect := func(want qerrors.Code) {
			t.Helper()
			if got := qerrors.CodeOf(hub.Ready()); got != want {
				t.Errorf("%v, want %v", got, want)
			}
		}
		expect(qerrors.NotConnected)
		if err := hub.StartOn(n.Listen(testnet.HubName)); err != nil {
			t.Fatal(err)
		}
		expect(qerrors.OK)
		release := make(chan struct{})
		hub.SetDispatcher(testnet.Handle(blocked(release)))
		c := n.Client("a", nil, nil)
		n.Connect(c)
		p, err := c.SendAsync(t.Context(), testnet.Command("x"), 0)
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		stopped := make(chan error, 1)
		go func() { stopped <- hub.Stop(t.Context()) }()
		synctest.Wait()
		expect(qerrors.Draining)
		close(release)
		if _, err := p.Result(); err != nil {
			t.Error(err)
		}
		if err := <-stopped; err != nil {
			t.Error(err)
		}
		expect(qerrors.Draining)
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

// Sends that are refused before anything else are failures like all others, and so
// is a broadcast of a hub that has stopped.
func TestRefusedSendMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		hub := n.Hub(nil, nil)
		_, _ = hub.SendMessage(t.Context(), "a", nil, true, 0)
		_, _ = hub.Broadcast(t.Context(), nil)
		counted(t, "invalid messages", hub.GetMetrics().Failed[qerrors.InvalidArgument], 2)
		if err := hub.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		_, _ = hub.Broadcast(t.Context(), testnet.Command("x"))
		counted(t, "a broadcast after the end", hub.GetMetrics().Failed[qerrors.Draining], 1)
	})
}

// A client counts why the hub turned it away, and is not ready while that goes.
func TestRefusedClientMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		release := make(chan struct{})
		hub := n.Hub(testnet.Handle(blocked(release)), func(c *server.ServerConfig) { c.MaxClients = 1 })
		first := n.Client("a", nil, nil)
		n.Connect(first)
		second := n.Client("b", nil, nil)
		if err := second.Connect(n.Addr()); qerrors.CodeOf(err) != qerrors.TooManyClients {
			t.Errorf("a second client: %v", err)
		}
		counted(t, "refused", second.GetMetrics().Refused[qerrors.TooManyClients], 1)
		counted(t, "refused by the hub", hub.GetMetrics().Refused[qerrors.TooManyClients], 1)

		if err := first.Ready(); err != nil {
			t.Errorf("a connected client: %v", err)
		}
		p, err := first.SendAsync(t.Context(), testnet.Command("x"), 0)
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		stopped := make(chan error, 1)
		go func() { stopped <- hub.Stop(t.Context()) }()
		time.Sleep(time.Second)
		if err := first.Ready(); qerrors.CodeOf(err) != qerrors.Draining {
			t.Errorf("a client whose hub is being stopped: %v", err)
		}
		close(release)
		if _, err := p.Result(); err != nil {
			t.Error(err)
		}
		if err := <-stopped; err != nil {
			t.Error(err)
		}
	})
}

// What a client says of its software is cut before it gets into the log.
func TestSoftwareIsCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		var log testnet.Log
		n.Hub(nil, func(c *server.ServerConfig) { c.Logger = log.Logger() })
		p := n.Dial("raw")
		p.Read()
		hello := testnet.Hello("raw")
		hello.GetHello().Software = strings.Repeat("x", 3000)
		p.Send(hello)
		if p.Receive().GetWelcome() == nil {
			t.Fatal("no welcome")
		}
		synctest.Wait()
		for _, line := range log.Take() {
			if strings.Contains(line, "connected") && strings.HasSuffix(line, "software="+strings.Repeat("x", 64)) {
				return
			}
			t.Logf("%.200s", line)
		}
		t.Error("there is no line with the beginning of the text")
	})
}

// What a client's handlers refuse, and what they have no time for, is seen at the
// hub that asked: whichever of both notices the end of the time first.
func TestAnswerMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		hub := n.Hub(nil, nil)
		n.Connect(n.Client("a", testnet.Handle(func(ctx context.Context, m *protocol.DataMessage) (*protocol.DataMessage, error) {
			switch string(m.Payload) {
			case "fail":
				return nil, errors.New("as you wish")
			case "wait":
				<-ctx.Done()
			}
			return nil, nil
		}), nil))
		for text, times := range map[string]int{"fail": 3, "good": 2, "wait": 4} {
			for range times {
				_, _ = hub.SendMessage(t.Context(), "a", testnet.Command(text), true, time.Second)
			}
		}
		time.Sleep(time.Second)
		m := hub.GetMetrics()
		counted(t, "failures", m.Answered[protocol.AckStatus_ACK_STATUS_FAILURE], 3)
		counted(t, "successes", m.Answered[protocol.AckStatus_ACK_STATUS_SUCCESS], 2)
		counted(t, "failed sends", m.Failed[qerrors.Timeout], 4)
		counted(t, "promises that timed out", m.Promises.TimedOut, 4)
		counted(t, "promises that were kept", m.Promises.Completed, 5)
		counted(t, "round trips", m.RoundTrips[protocol.MessageType_MESSAGE_TYPE_COMMAND].Count, 5)
		info, _ := hub.Client("a")
		counted(t, "failures of the client", info.SendFailures, 7)
	})
}
