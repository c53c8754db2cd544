package httpapi_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/voilet/QuicFlow/internal/httpapi"
	"github.com/voilet/QuicFlow/internal/testhub"
	"github.com/voilet/QuicFlow/pkg/protocol"
	"github.com/voilet/QuicFlow/pkg/session"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

func TestHealth(t *testing.T) {
	api := serve(t, &testhub.Hub{})
	before := time.Now().Unix()
	var health struct {
		Status string
		Time   int64
	}
	call(t, api, "GET", "/health", "", http.StatusOK, &health)
	if health.Status != "ok" || health.Time < before || health.Time > time.Now().Unix() {
		t.Errorf("health is %+v, asked at %d", health, before)
	}
}

func TestClientDetail(t *testing.T) {
	h := startHub(t, server.ServerConfig{})
	before := time.Now().UnixMilli()
	c := h.connect("edge/7 ü", echo)
	path := "/api/clients/" + url.PathEscape("edge/7 ü")
	call(t, h.api, "POST", "/api/send", `{"client_id":"edge/7 ü","payload":"12345","wait_ack":true}`, http.StatusOK, nil)
	msg := &protocol.DataMessage{Type: protocol.MessageType_MESSAGE_TYPE_EVENT, Payload: []byte("123")}
	if _, err := c.SendMessage(t.Context(), msg, true, patience); err != nil {
		t.Fatal(err)
	}
	var got httpapi.ClientDetail
	call(t, h.api, "GET", path, "", http.StatusOK, &got)
	info, _ := h.srv.Client("edge/7 ü")
	now := time.Now().UnixMilli()
	if got.ConnectedAt < before || got.LastHeartbeat < got.ConnectedAt || got.LastHeartbeat > now {
		t.Errorf("connected at %d, last heartbeat %d; the test began at %d and it is %d", got.ConnectedAt, got.LastHeartbeat, before, now)
	}
	if got.RTTMillis <= 0 {
		t.Errorf("the round-trip time is %v ms", got.RTTMillis)
	}
	got.ConnectedAt, got.LastHeartbeat, got.RTTMillis, got.Uptime = 0, 0, 0, ""
	want := httpapi.ClientDetail{
		Client: httpapi.Client{
			ClientID: "edge/7 ü", RemoteAddr: info.RemoteAddr, State: "connected",
			MessagesSent: 1, BytesSent: 5, MessagesReceived: 1, BytesReceived: 3, HandlerFailures: 1, // this hub handles nothing
		},
		SessionID: info.SessionID,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestSilentClient(t *testing.T) {
	begun := time.Now().Add(-time.Hour - time.Millisecond)
	hub := &testhub.Hub{}
	hub.Connect(session.Info{ClientID: "a", Silent: true, ConnectedAt: begun, LastSeen: begun.Add(20 * time.Minute)})
	var got httpapi.ClientDetail
	call(t, serve(t, hub), "GET", "/api/clients/a", "", http.StatusOK, &got)
	if got.State != "silent" || got.Uptime != "1h0m0s" {
		t.Errorf("state %q, uptime %q; want silent and 1h0m0s", got.State, got.Uptime)
	}
	if uptime, silence := got.Ages(); uptime != time.Hour || silence != 40*time.Minute {
		t.Errorf("connected for %v, silent for %v; want an hour and 40 minutes", uptime, silence)
	}
	var page httpapi.ClientPage
	call(t, serve(t, hub), "GET", "/api/clients", "", http.StatusOK, &page)
	if diff := cmp.Diff([]httpapi.Client{got.Client}, page.Clients); diff != "" {
		t.Errorf("the list has something else: %s", diff)
	}
}

func TestDisconnect(t *testing.T) {
	h := startHub(t, server.ServerConfig{})
	c := h.connect("a", echo)
	call(t, h.api, "DELETE", "/api/clients/a", "", http.StatusNoContent, nil)
	h.disconnected("a", c)
	var p httpapi.Problem
	call(t, h.api, "GET", "/api/clients/a", "", http.StatusNotFound, &p)
	call(t, h.api, "DELETE", "/api/clients/a", "", http.StatusNotFound, &p)
	if p.Code != "unknown_client" {
		t.Errorf("code %q, want unknown_client", p.Code)
	}
}

func TestListPages(t *testing.T) {
	var want []string
	var clients []session.Info
	for i := range 250 {
		want = append(want, fmt.Sprintf("node-%03d", i))
		clients = append(clients, session.Info{ClientID: want[i]}, session.Info{ClientID: fmt.Sprint("other-", i)})
	}
	rand.Shuffle(len(clients), func(i, j int) { clients[i], clients[j] = clients[j], clients[i] })
	hub := &testhub.Hub{}
	hub.Connect(clients...)
	api := serve(t, hub)
	for _, query := range []string{"", "&limit=1", "&limit=7", "&limit=125", "&limit=249", "&limit=250", "&limit=1000"} {
		var got []string
		for cursor := ""; ; {
			var page httpapi.ClientPage
			call(t, api, "GET", "/api/clients?prefix=node-&cursor="+cursor+query, "", http.StatusOK, &page)
			if page.Total != len(want) {
				t.Fatalf("%q: the total is %d, want %d", query, page.Total, len(want))
			}
			for _, c := range page.Clients {
				got = append(got, c.ClientID)
			}
			if cursor = page.NextCursor; cursor == "" {
				break
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q: %s", query, diff)
		}
	}
}

func TestEmptyListIsAnArray(t *testing.T) {
	var raw map[string]json.RawMessage
	call(t, serve(t, &testhub.Hub{}), "GET", "/api/clients", "", http.StatusOK, &raw)
	if string(raw["clients"]) != "[]" || string(raw["total"]) != "0" {
		t.Errorf("clients %s, total %s; want [] and 0", raw["clients"], raw["total"])
	}
}
