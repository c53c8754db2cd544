package client_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/voilet/QuicFlow/internal/testnet"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

// BenchmarkQlog is BenchmarkRoundTrip with a hub that cannot make qlogs,
// with one that could, and with one that makes them of all clients.
func BenchmarkQlog(b *testing.B) {
	for _, c := range []struct{ conns, inFlight int }{{1, 1}, {1, 64}, {1, 512}, {32, 16}} {
		for _, qlog := range []string{"without", "dormant", "on"} {
			b.Run(fmt.Sprintf("conns=%d/inflight=%d/qlog=%s", c.conns, c.inFlight, qlog), func(b *testing.B) {
				hub, clients := onLoopbackWith(b, c.conns, testnet.Echo(), nil, func(config *server.ServerConfig) {
					if qlog != "without" {
						config.QlogDir = b.TempDir()
					}
				})
				if qlog == "on" {
					startQlogs(b, hub)
				}
				msg := payload(128)
				measure(b, c.conns*c.inFlight, func(worker int) error {
					_, err := clients[worker%c.conns].SendMessage(context.Background(), msg, true, 0)
					return err
				})
			})
		}
	}
}

func startQlogs(b *testing.B, hub *server.Server) {
	for client := range hub.Clients() {
		if _, err := hub.StartQlog(client.ClientID); err != nil {
			b.Fatal(err)
		}
	}
}
