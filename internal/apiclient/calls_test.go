package apiclient_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/voilet/QuicFlow/internal/httpapi"
	"github.com/voilet/QuicFlow/internal/testhub"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
	"github.com/voilet/QuicFlow/pkg/session"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

func TestList(t *testing.T) {
	var hub testhub.Hub
	var clients []session.Info
	for i := range 2100 {
		clients = append(clients, session.Info{ClientID: fmt.Sprintf("node-%04d", i)}, session.Info{ClientID: fmt.Sprint("other ", i)})
	}
	hub.Connect(clients...)
	c := newClient(t, testhub.Serve(t, &hub))
	for _, test := range []struct {
		prefix             string
		limit, want, total int
	}{
		{"node-", 0, 2100, 2100},
		{"", 0, 4200, 4200},
		{"node-", 1, 1, 2100},
		{"node-", 1000, 1000, 2100},
		{"node-", 1001, 1001, 2100},
		{"node-", 2100, 2100, 2100},
		{"node-", 9999, 2100, 2100},
		{"node-000", 3, 3, 10},
		{"no such", 0, 0, 0},
	} {
		page, err := c.List(t.Context(), test.prefix, test.limit)
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, client := range page.Clients {
			ids = append(ids, client.ClientID)
		}
		if len(ids) != test.want || page.Total != test.total || page.Clients == nil || (page.NextCursor != "") != (test.want < test.total) {
			t.Errorf("%q, limit %d: %d clients of %d, next %q", test.prefix, test.limit, len(ids), page.Total, page.NextCursor)
		}
		if !slices.IsSorted(ids) || len(slices.Compact(ids)) != test.want {
			t.Errorf("%q, limit %d: not sorted, or some twice", test.prefix, test.limit)
		}
	}
}

// TestIDs: an id is found whatever it looks like in a path.
func TestIDs(t *testing.T) {
	var hub testhub.Hub
	base := testhub.Serve(t, &hub)
	c := newClient(t, base)
	for _, id := range []string{
		"client-001", ".", "..", "...", "a/b", "/", "/a", "//", "../..", "a b", " ", "?x=1", "#", "%2F", "%", "+", "ü/日本", ";", "a\\b", "&", ":8475", "*", "{id}",
		strings.Repeat("x", 128),
	} {
		hub.Connect(session.Info{ClientID: id}, session.Info{ClientID: "another"})
		got, err := c.Client(t.Context(), id)
		if err != nil || got.ClientID != id {
			t.Errorf("%q: got %q, %v", id, got.ClientID, err)
		}
		if err := c.Disconnect(t.Context(), id); err != nil {
			t.Errorf("%q is not disconnected: %v", id, err)
		}
		if _, err := c.Client(t.Context(), id); !errors.Is(err, qerrors.ErrUnknownClient) {
			t.Errorf("%q is still there: %v", id, err)
		}
	}
	if _, err := c.Client(t.Context(), ""); !errors.Is(err, qerrors.ErrInvalidClientID) {
		t.Errorf("an empty id: %v", err)
	}
}

func TestSend(t *testing.T) {
	var hub testhub.Hub
	hub.OnSend = func(_ context.Context, id string, m *protocol.DataMessage, waitAck bool, timeout time.Duration) (*protocol.AckMessage, error) {
		if !waitAck {
			return nil, nil
		}
		answer := fmt.Sprint(id, " ", m.Type.Name(), " ", m.Headers["k"], " ", timeout, " ", string(m.Payload))
		return &protocol.AckMessage{Status: protocol.AckStatus_ACK_STATUS_SUCCESS, Result: []byte(answer)}, nil
	}
	c := newClient(t, testhub.Serve(t, &hub))
	message := httpapi.SendRequest{
		ClientID: "a", Type: "query", Headers: map[string]string{"k": "v"}, Content: httpapi.NewContent([]byte("x\xff")), WaitAck: true, TimeoutMS: 1500,
	}
	reply, err := c.Send(t.Context(), message)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(reply.Ack.Bytes()), "a query v 1.5s x\xff"; got != want {
		t.Errorf("answered with %q, want %q", got, want)
	}
	message.WaitAck = false
	if reply, err := c.Send(t.Context(), message); err != nil || !reply.Success || reply.Ack != nil || reply.MsgID == "" {
		t.Errorf("without waiting: %+v, %v", reply, err)
	}
}

// The largest payload that a hub takes gets there whatever is in it, and what is far
// too large is refused with the hub's word for it, though it is not read.
func TestSendLarge(t *testing.T) {
	const largest = 1 << 20
	var hub testhub.Hub
	hub.OnSend = func(_ context.Context, _ string, m *protocol.DataMessage, _ bool, _ time.Duration) (*protocol.AckMessage, error) {
		if len(m.Payload) != largest {
			t.Errorf("%d bytes arrived", len(m.Payload))
		}
		return nil, nil
	}
	c := newClient(t, testhub.Serve(t, &hub))
	for _, unit := range []string{"x", "\"", "<", "\x01", "\u2028", "é", "\xff"} {
		payload := strings.Repeat(unit, largest)[:largest]
		if _, err := c.Send(t.Context(), httpapi.SendRequest{ClientID: "a", Content: httpapi.NewContent([]byte(payload))}); err != nil {
			t.Errorf("full of %q: %v", unit, err)
		}
	}
	_, err := c.Send(t.Context(), httpapi.SendRequest{ClientID: "a", Content: httpapi.NewContent(make([]byte, 64*largest))})
	if !errors.Is(err, qerrors.ErrPayloadTooLarge) || !errors.Is(err, qerrors.ErrNotSent) {
		t.Errorf("64 MiB: %v", err)
	}
}

func TestBroadcast(t *testing.T) {
	var hub testhub.Hub
	hub.OnBroadcast = func(m *protocol.DataMessage) (server.BroadcastResult, error) {
		return server.BroadcastResult{MessageID: m.MsgId, Total: 2, Delivered: 1, Failed: map[string]error{string(m.Payload): qerrors.ErrQueueFull}}, nil
	}
	c := newClient(t, testhub.Serve(t, &hub))
	reply, err := c.Broadcast(t.Context(), httpapi.BroadcastRequest{Content: httpapi.NewContent([]byte("slow"))})
	reply.MsgID = ""
	want := httpapi.BroadcastReply{Total: 2, SuccessCount: 1, FailedCount: 1, Failed: map[string]string{"slow": "queue_full"}}
	if diff := cmp.Diff(want, reply); diff != "" || err != nil {
		t.Errorf("error %v, %s", err, diff)
	}
}
