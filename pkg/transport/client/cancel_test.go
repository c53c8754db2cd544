package client_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/voilet/QuicFlow/internal/testnet"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// A sender that waits no longer ends the context of the handler, also when the connection
// is lost in between, then as soon as there is another.
func TestSenderCallsItOff(t *testing.T) {
	for name, away := range map[string]bool{"connected": false, "while the client is away": true} {
		t.Run(name, func(t *testing.T) { bothWays(t, func(t *testing.T, up bool) { callOff(t, up, away) }) })
	}
}

func callOff(t *testing.T, up, away bool) {
	var ended time.Time
	p := newPair(t, func(ctx context.Context, _ *protocol.DataMessage) (*protocol.DataMessage, error) {
		<-ctx.Done()
		ended = time.Now()
		return nil, ctx.Err()
	})
	ctx, cancel := context.WithCancel(t.Context())
	promise := p.send(t, up, testnet.Command("x"), time.Hour)
	time.Sleep(time.Second)
	if away {
		p.n.Cut("a")
		time.Sleep(20 * time.Second)
	}
	cancel()
	begun := time.Now()
	if _, err := promise.Wait(ctx); qerrors.CodeOf(err) != qerrors.Canceled {
		t.Error(err)
	}
	if away {
		time.Sleep(8 * time.Second)
		p.n.Mend("a")
	}
	time.Sleep(2 * time.Minute)
	synctest.Wait()
	if ended.IsZero() {
		t.Fatal("the handler was not called off")
	}
	if d := ended.Sub(begun); d > time.Second && !away || d > 40*time.Second {
		t.Errorf("the handler was called off after %v", d)
	}
}
