package httpapi_test

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/voilet/QuicFlow/pkg/protocol"
	"github.com/voilet/QuicFlow/pkg/session"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

// fakeHub answers as it is told, for what a real hub does too rarely or too late.
type fakeHub struct {
	clients   []session.Info
	send      func(ctx context.Context, msg *protocol.DataMessage, waitAck bool, timeout time.Duration) (*protocol.AckMessage, error)
	broadcast func(msg *protocol.DataMessage) (server.BroadcastResult, error)
}

func (h *fakeHub) SendMessage(ctx context.Context, _ string, msg *protocol.DataMessage,
	waitAck bool, timeout time.Duration) (*protocol.AckMessage, error) {
	return h.send(ctx, msg, waitAck, timeout)
}

func (h *fakeHub) Broadcast(_ context.Context, msg *protocol.DataMessage) (server.BroadcastResult, error) {
	return h.broadcast(msg)
}

func (h *fakeHub) ClientPage(prefix, after string, limit int) (page []session.Info, total int) {
	for _, info := range h.clients {
		if strings.HasPrefix(info.ClientID, prefix) {
			total++
			if info.ClientID > after {
				page = append(page, info)
			}
		}
	}
	slices.SortFunc(page, func(a, b session.Info) int { return strings.Compare(a.ClientID, b.ClientID) })
	return page[:min(limit, len(page))], total
}

func (h *fakeHub) Client(id string) (session.Info, bool) {
	i := slices.IndexFunc(h.clients, func(info session.Info) bool { return info.ClientID == id })
	if i < 0 {
		return session.Info{}, false
	}
	return h.clients[i], true
}

func (h *fakeHub) Disconnect(string, string) error { return nil }

func (h *fakeHub) StartQlog(string) (string, error) { return "", nil }

func (h *fakeHub) StopQlog(string) error { return nil }
