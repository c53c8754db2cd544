package testnet

import (
	"fmt"
	"slices"
	"sync"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/monitoring"
)

// Events records what hooks are told, in order.
type Events struct {
	mu   sync.Mutex
	list []string
}

func (e *Events) add(format string, args ...any) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.list = append(e.list, fmt.Sprintf(format, args...))
}

// All returns the events so far.
func (e *Events) All() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.list)
}

// Connections returns hooks that record the events of connections, such as
// "connect a" and "disconnect a idle_timeout".
func (e *Events) Connections() *monitoring.EventHooks {
	return &monitoring.EventHooks{
		OnConnect:          func(id string) { e.add("connect %s", id) },
		OnDisconnect:       func(id string, err error) { e.add("disconnect %s %v", id, qerrors.CodeOf(err)) },
		OnReconnect:        func(id string, attempts int) { e.add("reconnect %s %d", id, attempts) },
		OnHeartbeatTimeout: func(id string) { e.add("heartbeat timeout %s", id) },
	}
}

// Sends returns hooks that record the ends of sends, such as "sent 17 ok".
func (e *Events) Sends() *monitoring.EventHooks {
	return &monitoring.EventHooks{
		OnMessageSent: func(msgID, _ string, err error) { e.add("sent %s %v", msgID, qerrors.CodeOf(err)) },
	}
}
