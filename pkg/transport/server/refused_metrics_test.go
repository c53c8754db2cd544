package server_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/voilet/QuicFlow/internal/testnet"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

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

// A client that stands still dials beside its connection, and closes what it does not need
// in the end: that is no refusal, which there is an alert for.
func TestConnectionThatIsNotNeeded(t *testing.T) {
	for name, say := range map[string]func(*testnet.Peer){
		"without a hello": func(*testnet.Peer) {},
		"with a hello":    func(p *testnet.Peer) { p.Send(testnet.Hello("a")) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := testnet.Virtual(t)
				var log testnet.Log
				var admissions []server.Admission
				hub := n.Hub(nil, func(c *server.ServerConfig) {
					c.Logger, c.Authenticators = log.Logger(), []server.Authenticator{slow{}}
					c.Admissions = func(a server.Admission) { admissions = append(admissions, a) }
				})
				p := n.Dial("a")
				say(p)
				time.Sleep(500 * time.Millisecond) // until the hub is asking who that is
				if err := p.Conn.CloseWithError(0, "the connection before has ended"); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Minute)
				if got := hub.GetMetrics().Refused; len(got) != 0 {
					t.Errorf("counted as refused: %v", got)
				}
				if lines := about("refused", log.Take()); len(lines) != 0 || len(admissions) != 0 {
					t.Errorf("the log has %q, admissions are %v", lines, admissions)
				}
			})
		})
	}
}

// slow is an Authenticator that is still at work when the client goes.
type slow struct{}

func (slow) Authenticate(_ context.Context, c server.Credentials) (server.Identity, error) {
	time.Sleep(time.Second)
	return server.Identity{ClientID: c.ClientID}, nil
}
