package httpapi_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/voilet/QuicFlow/internal/eventlog"
	"github.com/voilet/QuicFlow/internal/httpapi"
	"github.com/voilet/QuicFlow/internal/testhub"
	"github.com/voilet/QuicFlow/pkg/protocol"
	"github.com/voilet/QuicFlow/pkg/session"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

// FuzzRequest sends the API of a hub that takes everything whatever can be a request. An
// error has to be a problem that says what was wrong, and is never the hub's own.
func FuzzRequest(f *testing.F) {
	for _, seed := range []string{
		"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"GET /api/clients?prefix=a&after=b&limit=3 HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"GET /api/clients/%2F HTTP/1.1\r\nHost: localhost\r\nAccept: application/cbor\r\n\r\n",
		"GET /api/clients/a/../%00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"DELETE /api/clients/a?reason=x HTTP/1.1\r\nHost: 127.0.0.1:8475\r\n\r\n",
		"PUT /api/clients/a/qlog HTTP/1.1\r\nHost: evil.example\r\n\r\n",
		"GET /api/events?types=connect&client=a HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: 7\r\n\r\n",
		"POST /api/events HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil.example\r\nSec-Fetch-Site: cross-site\r\n\r\n",
		"GET /docs/../openapi.json HTTP/1.1\r\nHost: [::1]\r\ntraceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n\r\n",
		rawPost("/api/send", `{"client_id":"a","payload":"x","wait_ack":true,"timeout_ms":5,"headers":{"k":"v"},"type":"query"}`),
		rawPost("/api/send", `{"client_id":"a","payload":{"a":[1,2,{"b":null}]}}`),
		rawPost("/api/send", `{"client_id":"a","payload_base64":"/+8="}`),
		rawPost("/api/send", `{"client_id":"a","client_id":"b","payload":"\ud800"}`),
		rawPost("/api/broadcast", `{"payload":1e400,"type":"event"}`),
		rawPost("/api/broadcast", "\xff{}[]"),
	} {
		f.Add(seed)
	}
	events := eventlog.New(func() uint64 { return 0 })
	events.Close() // so that a stream of events ends
	hub := &testhub.Hub{
		QlogDir: "traces",
		OnSend: func(_ context.Context, _ string, m *protocol.DataMessage, waitAck bool, _ time.Duration) (*protocol.AckMessage, error) {
			if !waitAck {
				return nil, nil
			}
			return &protocol.AckMessage{Status: protocol.AckStatus_ACK_STATUS_SUCCESS, Result: m.Payload}, nil
		},
		OnBroadcast: func(m *protocol.DataMessage) (server.BroadcastResult, error) {
			return server.BroadcastResult{MessageID: m.MsgId, Total: 1, Delivered: 1}, nil
		},
	}
	hub.Connect(session.Info{ClientID: "a"}, session.Info{ClientID: "/"})
	api := httpapi.NewHandler(hub, httpapi.Options{Events: events})
	f.Fuzz(func(t *testing.T, text string) {
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(text)))
		if err != nil {
			t.Skip(err)
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Skip("who cuts a request short reads no answer")
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		w := httptest.NewRecorder()
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		api.ServeHTTP(w, r.WithContext(ctx))
		if ctx.Err() != nil {
			t.Errorf("%s %s: no answer within %v", r.Method, r.URL, patience)
		}
		checkAnswer(t, r, w.Result(), w.Body.Bytes())
	})
}

func rawPost(path, body string) string {
	return "POST " + path + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n" +
		body + strings.Repeat(" ", max(0, 1000-len(body)))
}

func checkAnswer(t *testing.T, r *http.Request, answer *http.Response, body []byte) {
	kind := answer.Header.Get("Content-Type")
	switch {
	case answer.StatusCode >= 500:
		t.Errorf("%s %s: status %d: %s", r.Method, r.URL, answer.StatusCode, body)
	case answer.StatusCode >= 400:
		var p struct {
			Status int    `json:"status"`
			Detail string `json:"detail"`
		}
		if err := json.Unmarshal(body, &p); err != nil || kind != "application/problem+json" || p.Status != answer.StatusCode || p.Detail == "" {
			t.Errorf("%s %s: status %d, %s, is no problem: %v: %s", r.Method, r.URL, answer.StatusCode, kind, err, body)
		}
	case strings.HasPrefix(kind, "application/json") && !json.Valid(body):
		t.Errorf("%s %s: %s is no JSON: %s", r.Method, r.URL, kind, body)
	}
}
