package client_test

import (
	"context"
	"sync/atomic"
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

// It does so, too, when that overtakes the message, or comes while the goroutine that reads
// runs the handler.
func TestCallingOffIsEarly(t *testing.T) {
	for name, after := range map[string]time.Duration{"on its way": 0, "the reader runs the handler": 400 * time.Microsecond} {
		t.Run(name, func(t *testing.T) {
			bothWays(t, func(t *testing.T, up bool) {
				var ran, ended atomic.Int32
				p := newPair(t, func(ctx context.Context, m *protocol.DataMessage) (*protocol.DataMessage, error) {
					if string(m.Payload) == "victim" {
						ran.Add(1)
						select {
						case <-ctx.Done():
							ended.Add(1)
						case <-time.After(time.Minute):
						}
					}
					return nil, nil
				})
				for range 500 { // until the handler counts as quick
					if _, err := p.send(t, up, testnet.Command("x"), time.Minute).Result(); err != nil {
						t.Fatal(err)
					}
				}
				if after == 0 {
					p.n.Impair(testnet.Impairment{Latency: 20 * time.Millisecond})
				}
				promise := p.send(t, up, testnet.Command("victim"), time.Hour)
				time.Sleep(after)
				promise.Cancel(context.Canceled)
				time.Sleep(2 * time.Minute)
				if ran.Load() != ended.Load() {
					t.Errorf("%d handlers began, and %d were called off", ran.Load(), ended.Load())
				}
			})
		})
	}
}
