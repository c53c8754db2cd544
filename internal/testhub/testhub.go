// Package testhub serves the HTTP API of a hub that answers as a test wants it to,
// for what a real hub does too rarely, or never the same way twice.
package testhub

import (
	"context"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/voilet/QuicFlow/internal/httpapi"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
	"github.com/voilet/QuicFlow/pkg/session"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

// Hub has clients, and handles messages as it is told. The functions are set before
// it is served.
type Hub struct {
	httpapi.Hub // panics, when asked for what this one has not

	OnSend      func(ctx context.Context, clientID string, msg *protocol.DataMessage, waitAck bool, timeout time.Duration) (*protocol.AckMessage, error)
	OnBroadcast func(msg *protocol.DataMessage) (server.BroadcastResult, error)
	QlogDir     string // empty for none

	mu      sync.Mutex
	clients []session.Info
}

// Serve serves the API of h until the test ends, and returns its URL.
func Serve(t testing.TB, h *Hub) string {
	api := httptest.NewServer(httpapi.NewHandler(h, httpapi.Options{}))
	t.Cleanup(api.Close)
	return api.URL
}

// Connect replaces all clients.
func (h *Hub) Connect(clients ...session.Info) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.clients = clients
}

// ClientPage is part of [httpapi.Hub], as are the other methods.
func (h *Hub) ClientPage(prefix, after string, limit int) (page []session.Info, total int) {
	h.mu.Lock()
	defer h.mu.Unlock()
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

func (h *Hub) Client(id string) (session.Info, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	i := slices.IndexFunc(h.clients, func(info session.Info) bool { return info.ClientID == id })
	if i < 0 {
		return session.Info{}, false
	}
	return h.clients[i], true
}

func (h *Hub) Disconnect(id, _ string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	before := len(h.clients)
	h.clients = slices.DeleteFunc(slices.Clone(h.clients), func(info session.Info) bool { return info.ClientID == id })
	if len(h.clients) == before {
		return qerrors.New(qerrors.UnknownClient, "no client %q is connected", id)
	}
	return nil
}

func (h *Hub) SendMessage(ctx context.Context, clientID string, msg *protocol.DataMessage,
	waitAck bool, timeout time.Duration) (*protocol.AckMessage, error) {
	return h.OnSend(ctx, clientID, msg, waitAck, timeout)
}

func (h *Hub) Broadcast(_ context.Context, msg *protocol.DataMessage) (server.BroadcastResult, error) {
	return h.OnBroadcast(msg)
}

func (h *Hub) StartQlog(id string) (path string, err error) {
	if err := h.StopQlog(id); err != nil {
		return "", err
	}
	if h.QlogDir == "" {
		return "", qerrors.New(qerrors.InvalidConfig, "there is no folder for traces")
	}
	return h.QlogDir + "/trace", nil
}

func (h *Hub) StopQlog(id string) error {
	if _, ok := h.Client(id); !ok {
		return qerrors.New(qerrors.UnknownClient, "no client %q is connected", id)
	}
	return nil
}
