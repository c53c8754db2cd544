package main

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/voilet/QuicFlow/internal/load"
	"github.com/voilet/QuicFlow/internal/testnet"
	"github.com/voilet/QuicFlow/internal/testprocess"
	"github.com/voilet/QuicFlow/pkg/dispatcher"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

// TestOtherHubs: a hub that does other work is told apart before it gets any load,
// also one that sends back what it gets.
func TestOtherHubs(t *testing.T) {
	t.Parallel()
	var got atomic.Int64
	d := dispatcher.NewDispatcher(nil)
	for _, kind := range []protocol.MessageType{ask, tell, order, bulk} {
		d.RegisterHandler(kind, handler(func(_ context.Context, payload []byte) ([]byte, error) {
			got.Add(1)
			return []byte(strings.ToUpper(string(payload))), nil
		}))
	}
	n := testnet.Loopback(t)
	n.Hub(d, nil)
	for i, work := range load.Works() {
		p := testprocess.Run(t, quicBench(t, "run", "-server", n.Addr(), "-insecure", "-d", "1s", "-work", string(work)))
		const want = "quic-bench: incompatible: load is put only on quic-bench serve of this version"
		if code, text := p.Wait(), p.Stderr(); code != 1 || !strings.HasPrefix(text, want) {
			t.Errorf("%s: exit code %d and %q; want 1 and %q", work, code, text, want)
		}
		if p.Stdout() != "" || got.Load() != int64(i+1) {
			t.Errorf("%s: %d messages reached the hub, want one for each run; stdout %q", work, got.Load(), p.Stdout())
		}
	}
}

// nobody lets nobody in.
type nobody struct{}

func (nobody) Authenticate(context.Context, server.Credentials) (server.Identity, error) {
	return server.Identity{}, qerrors.ErrNoCredential
}

// TestHubWithAuthentication: the advice of the hub would be to give credentials, for
// which quic-bench has no flags.
func TestHubWithAuthentication(t *testing.T) {
	t.Parallel()
	n := testnet.Loopback(t)
	n.Hub(nil, func(c *server.ServerConfig) { c.Authenticators = []server.Authenticator{nobody{}} })
	p := testprocess.Run(t, quicBench(t, "run", "-server", n.Addr(), "-insecure"))
	const want = "quic-bench: incompatible: load is put only on quic-bench serve, which takes clients without a credential: this hub does not\n"
	if code, text := p.Wait(), p.Stderr(); code != 1 || text != want {
		t.Errorf("exit code %d and %q; want 1 and %q", code, text, want)
	}
}
