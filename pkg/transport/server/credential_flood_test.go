package server_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/voilet/QuicFlow/internal/testnet"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

// onceGood takes the first credential that is shown.
type onceGood struct{ calls atomic.Int32 }

func (o *onceGood) Authenticate(_ context.Context, c server.Credentials) (server.Identity, error) {
	if o.calls.Add(1) > 1 {
		return server.Identity{}, qerrors.New(qerrors.Unauthenticated, "not a second one")
	}
	return server.Identity{ClientID: c.ClientID, Method: "test"}, nil
}

// TestFloodOfCredentials: one client cannot keep the hub busy with checks of credentials.
func TestFloodOfCredentials(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		var checks onceGood
		n.Hub(nil, func(c *server.ServerConfig) { c.Authenticators = []server.Authenticator{&checks} })
		p := n.Dial("a")
		p.Hello("a")
		for i := range 4000 {
			f := &protocol.Frame{Kind: &protocol.Frame_Credential{Credential: &protocol.Credential{Token: "x"}}}
			if i%2 == 0 {
				f = &protocol.Frame{Kind: &protocol.Frame_Enroll{Enroll: &protocol.Enroll{}}}
			}
			p.Send(f)
		}
		time.Sleep(10 * time.Second)
		if got := checks.calls.Load(); got < 5 || got > 25 {
			t.Errorf("%d credentials were checked in 10 s", got)
		}
	})
}

// anybody lets everybody in.
type anybody struct{}

func (anybody) Authenticate(_ context.Context, c server.Credentials) (server.Identity, error) {
	return server.Identity{ClientID: c.ClientID, Method: "test"}, nil
}

// A client whose credentials wait to be checked, on many streams behind messages, keeps no
// worker from the others.
func TestCredentialsKeepNoWorkers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		n.Hub(testnet.Echo(), func(c *server.ServerConfig) { c.Authenticators = []server.Authenticator{anybody{}} })
		honest := n.Client("honest", testnet.Echo(), nil)
		n.Connect(honest)
		for range 500 { // until the handler counts as quick
			if _, err := honest.SendMessage(t.Context(), testnet.Command("x"), true, 0); err != nil {
				t.Fatal(err)
			}
		}
		p := n.Dial("hostile")
		p.Hello("hostile")
		credential := &protocol.Frame{Kind: &protocol.Frame_Credential{Credential: &protocol.Credential{Token: "x"}}}
		for range 25 {
			frames := []*protocol.Frame{testnet.Data("1", nil)}
			for range 20 {
				frames = append(frames, credential)
			}
			_, _ = p.Open().Write(testnet.Encode(frames...))
		}
		time.Sleep(time.Second)
		if _, err := honest.SendMessage(t.Context(), testnet.Command("x"), true, time.Second); err != nil {
			t.Errorf("an honest client: %v", err)
		}
	})
}
