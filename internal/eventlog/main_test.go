package eventlog_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/voilet/QuicFlow/internal/eventlog"
	"github.com/voilet/QuicFlow/internal/leaktest"
	"github.com/voilet/QuicFlow/pkg/monitoring"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

var all = eventlog.Kinds()

// hub does to a log what a hub does.
type hub struct {
	log      *eventlog.Log
	hooks    *monitoring.EventHooks
	received atomic.Uint64
}

func newHub(size int) *hub {
	h := &hub{}
	h.log = eventlog.NewSized(h.received.Load, size)
	h.hooks = h.log.Hooks()
	return h
}

func (h *hub) receive(msgID, clientID string) {
	h.received.Add(1)
	if h.hooks.PerMessage.Load() {
		h.hooks.OnMessageReceived(msgID, clientID)
	}
}

// happen makes an event of a kind happen to a client.
func (h *hub) happen(kind eventlog.Kind, clientID string) {
	switch kind {
	case eventlog.Connect:
		h.hooks.OnConnect(clientID)
	case eventlog.Disconnect:
		h.hooks.OnDisconnect(clientID, nil)
	case eventlog.HeartbeatTimeout:
		h.hooks.OnHeartbeatTimeout(clientID)
	case eventlog.Message:
		h.receive("m", clientID)
	}
}

// next returns the next batch, or nil if there is nothing to read; in virtual time.
func next(t interface{ Fatal(...any) }, r *eventlog.Reader) *eventlog.Batch {
	ctx, cancel := context.WithTimeout(context.Background(), time.Nanosecond)
	defer cancel()
	batch, err := r.Next(ctx)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return nil
	case err != nil:
		t.Fatal(err)
	}
	return &batch
}
