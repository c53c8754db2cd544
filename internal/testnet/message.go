package testnet

import (
	"context"
	"log/slog"
	"sync/atomic"

	"github.com/voilet/QuicFlow/pkg/dispatcher"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// Command returns a command with this payload.
func Command(payload string) *protocol.DataMessage {
	return &protocol.DataMessage{Type: protocol.MessageType_MESSAGE_TYPE_COMMAND, Payload: []byte(payload)}
}

// Echo returns a dispatcher that answers each command with its own payload.
func Echo() *dispatcher.Dispatcher {
	return Handle(func(_ context.Context, m *protocol.DataMessage) (*protocol.DataMessage, error) {
		return &protocol.DataMessage{Payload: m.Payload}, nil
	})
}

// Handle returns a dispatcher that gives each command to f.
func Handle(f dispatcher.HandlerFunc) *dispatcher.Dispatcher {
	return HandleWith(dispatcher.Config{}, f)
}

// HandleWith is Handle with a configuration of the dispatcher.
func HandleWith(config dispatcher.Config, f dispatcher.HandlerFunc) *dispatcher.Dispatcher {
	config.Logger = slog.New(slog.DiscardHandler)
	d := dispatcher.NewDispatcher(&config)
	d.RegisterHandler(protocol.MessageType_MESSAGE_TYPE_COMMAND, f)
	return d
}

// Counter counts the messages that are handled.
type Counter struct{ atomic.Int64 }

// Dispatcher returns one whose handlers count, and answer with the payload.
func (c *Counter) Dispatcher() *dispatcher.Dispatcher {
	return Handle(func(_ context.Context, m *protocol.DataMessage) (*protocol.DataMessage, error) {
		c.Add(1)
		return &protocol.DataMessage{Payload: m.Payload}, nil
	})
}
