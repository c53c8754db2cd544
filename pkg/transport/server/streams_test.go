package server_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/voilet/QuicFlow/internal/testnet"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

// A stream whose end comes later than all that was on it is over then, and another one may be
// opened in its place.
func TestStreamsThatEndLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const limit = 16
		n := testnet.Virtual(t)
		n.Hub(testnet.Echo(), func(c *server.ServerConfig) { c.MaxIncomingStreams = limit })
		p := n.Dial("a")
		p.Hello("a")
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		for i := range 5 * limit {
			s, err := p.Conn.OpenUniStreamSync(ctx)
			if err != nil {
				t.Fatalf("stream %d: %v", i, err)
			}
			id := fmt.Sprint(i)
			if _, err := s.Write(testnet.Encode(testnet.Data(id, nil))); err != nil {
				t.Fatal(err)
			}
			if ack := p.Receive().GetAck(); ack.GetMsgId() != id {
				t.Fatalf("got %v, want the acknowledgement of %s", ack, id)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
	})
}
