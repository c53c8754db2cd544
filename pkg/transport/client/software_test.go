package client_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/voilet/QuicFlow/internal/testnet"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/transport/client"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

// TestSoftware: the hub's log says what clients run, so that a rollout can be followed.
func TestSoftware(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		var log testnet.Log
		n.Hub(nil, func(c *server.ServerConfig) { c.Logger = log.Logger() })
		n.Connect(
			n.Client("new", nil, func(c *client.ClientConfig) { c.Software = "agent/1.4.0" }),
			n.Client("unnamed", nil, nil),
		)
		synctest.Wait()
		text := strings.Join(log.Take(), "\n")
		for id, want := range map[string]string{"new": "agent/1.4.0", "unnamed": "quic-backbone-go"} {
			if !strings.Contains(text, "client_id="+id+" ") || !strings.Contains(text, "software="+want) {
				t.Errorf("the log does not say that %s runs %s:\n%s", id, want, text)
			}
		}
	})
	for _, wrong := range []string{strings.Repeat("x", 65), "a\xff"} {
		if _, err := client.NewClient(&client.ClientConfig{ClientID: "a", Software: wrong}); !errors.Is(err, qerrors.ErrInvalidConfig) {
			t.Errorf("%q: %v", wrong, err)
		}
	}
}
