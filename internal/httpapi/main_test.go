package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/voilet/QuicFlow/internal/certs"
	"github.com/voilet/QuicFlow/internal/eventlog"
	"github.com/voilet/QuicFlow/internal/httpapi"
	"github.com/voilet/QuicFlow/internal/leaktest"
	"github.com/voilet/QuicFlow/internal/testhub"
	"github.com/voilet/QuicFlow/pkg/dispatcher"
	"github.com/voilet/QuicFlow/pkg/protocol"
	"github.com/voilet/QuicFlow/pkg/transport/client"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// patience bounds what must happen sooner or later.
const patience = 30 * time.Second

// hub is a real hub on loopback with its API.
type hub struct {
	t      *testing.T
	certs  string
	srv    *server.Server
	events *eventlog.Log
	api    *httptest.Server
}

func startHub(t *testing.T, config server.ServerConfig) *hub {
	t.Helper()
	h := &hub{t: t, certs: t.TempDir()}
	if _, err := certs.Create(certs.Options{Dir: h.certs}); err != nil {
		t.Fatal(err)
	}
	h.events = newEvents(t)
	config.Hooks = h.events.Hooks()
	config.TLSCertFile = filepath.Join(h.certs, certs.ServerCertFile)
	config.TLSKeyFile = filepath.Join(h.certs, certs.ServerKeyFile)
	srv, err := server.NewServer(&config)
	if err != nil {
		t.Fatal(err)
	}
	if err := srv.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, srv.Stop) })
	h.srv, h.api = srv, serveWith(t, srv, h.events)
	return h
}

func newEvents(t *testing.T) *eventlog.Log {
	events := eventlog.New(func() uint64 { return 0 })
	t.Cleanup(events.Close)
	return events
}

// serve serves the API of a hub.
func serve(t *testing.T, hub httpapi.Hub) *httptest.Server { return serveWith(t, hub, nil) }

// serveEvents serves an API for its events.
func serveEvents(t *testing.T, events *eventlog.Log) *httptest.Server {
	return serveWith(t, &testhub.Hub{}, events)
}

func serveWith(t *testing.T, hub httpapi.Hub, events *eventlog.Log) *httptest.Server {
	t.Helper()
	api := httptest.NewServer(httpapi.NewHandler(hub, httpapi.Options{Events: events}))
	t.Cleanup(func() {
		if events != nil {
			events.Close()
		}
		api.Close()
	})
	return api
}

func stop(t *testing.T, f func(context.Context) error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := f(ctx); err != nil {
		t.Error(err)
	}
}

type handler = dispatcher.HandlerFunc

// connect connects a client that answers commands, queries and events with handle.
func (h *hub) connect(id string, handle handler) *client.Client {
	h.t.Helper()
	c, err := client.NewClient(&client.ClientConfig{ClientID: id, TLSCAFile: filepath.Join(h.certs, certs.CACertFile)})
	if err != nil {
		h.t.Fatal(err)
	}
	d := dispatcher.NewDispatcher(nil)
	for _, kind := range []protocol.MessageType{
		protocol.MessageType_MESSAGE_TYPE_COMMAND,
		protocol.MessageType_MESSAGE_TYPE_EVENT,
		protocol.MessageType_MESSAGE_TYPE_QUERY,
	} {
		d.RegisterHandler(kind, handle)
	}
	c.SetDispatcher(d)
	if err := c.Connect(h.srv.Addr().String()); err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { stop(h.t, c.Close) })
	return c
}

// disconnected waits until both sides know that c has no connection any more.
func (h *hub) disconnected(id string, c *client.Client) {
	h.t.Helper()
	select {
	case <-c.Done():
	case <-time.After(patience):
		h.t.Fatal("the client is still connected")
	}
	eventually(h.t, "the hub no longer has the client", func() bool {
		_, connected := h.srv.Client(id)
		return !connected
	})
}

// eventually waits until condition is true.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !condition(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}

func echo(_ context.Context, m *protocol.DataMessage) (*protocol.DataMessage, error) {
	return &protocol.DataMessage{Payload: m.Payload}, nil
}

// call makes a request, checks the status, and decodes the response into out
// unless that is nil.
func call(t *testing.T, api *httptest.Server, method, path, body string, wantStatus int, out any) http.Header {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, api.URL+path, bytes.NewReader([]byte(body)))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := api.Client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != wantStatus {
		t.Fatalf("%s %s %.200s: status %d, want %d: %s", method, path, body, response.StatusCode, wantStatus, content)
	}
	if out != nil {
		if err := json.Unmarshal(content, out); err != nil {
			t.Fatalf("%s %s: %v in %s", method, path, err, content)
		}
	}
	return response.Header
}
