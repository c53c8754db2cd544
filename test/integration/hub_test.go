package integration

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/voilet/QuicFlow/internal/certs"
	"github.com/voilet/QuicFlow/internal/httpapi"
	"github.com/voilet/QuicFlow/internal/testprocess"
)

// hub is a quic-server process.
type hub struct {
	*testprocess.Process
	t         *testing.T
	addr, api string
}

func startHub(t *testing.T, args ...string) *hub {
	t.Helper()
	return startHubOn(t, "127.0.0.1:0", args...)
}

func startHubOn(t *testing.T, addr string, args ...string) *hub {
	t.Helper()
	p := start(t, nil, "quic-server", append([]string{
		"-addr", addr, "-api", "127.0.0.1:0", "-metrics", "127.0.0.1:0",
		"-cert", filepath.Join(built.certs, certs.ServerCertFile),
		"-key", filepath.Join(built.certs, certs.ServerKeyFile),
	}, args...)...)
	return &hub{
		Process: p, t: t,
		addr: p.Addr("msg=listening"),
		api:  "http://" + p.Addr("HTTP API listening"),
	}
}

// clientArgs are the arguments of every quic-client that is to reach h.
func (h *hub) clientArgs(id string, more ...string) []string {
	return append([]string{
		"-server", h.addr, "-id", id, "-ca", filepath.Join(built.certs, certs.CACertFile),
	}, more...)
}

// agent starts a quic-client that stays, and returns when it is connected. It
// notices soon when the hub is gone, and is soon back.
func (h *hub) agent(id string, more ...string) *testprocess.Process {
	h.t.Helper()
	args := h.clientArgs(id, "-heartbeat-interval", "100ms", "-initial-backoff", "50ms", "-max-backoff", "200ms")
	p := start(h.t, nil, "quic-client", append(args, more...)...)
	p.Await("msg=connected")
	return p
}

// call makes a request of the API and decodes the answer into out; nil stands for
// an answer that is empty. It may be called from any goroutine.
func (h *hub) call(method, path, body string, out any) {
	h.t.Helper()
	request, err := http.NewRequestWithContext(h.t.Context(), method, h.api+path, strings.NewReader(body))
	if err != nil {
		h.t.Error(err)
		return
	}
	request.Header.Set("Content-Type", "application/json")
	request.Close = true // leave no goroutine behind
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		h.t.Error(err)
		return
	}
	defer func() { _ = response.Body.Close() }()
	if out == nil {
		if response.StatusCode != http.StatusNoContent {
			h.t.Errorf("%s %s: status %d", method, path, response.StatusCode)
		}
		return
	}
	if err := json.NewDecoder(response.Body).Decode(out); err != nil {
		h.t.Errorf("%s %s: status %d: %v", method, path, response.StatusCode, err)
	}
}

// ask sends a command to a client and returns the answer, which is empty while
// the client is not connected. It may be called from any goroutine.
func (h *hub) ask(clientID, payload string) httpapi.SendReply {
	h.t.Helper()
	body := fmt.Sprintf(`{"client_id":%q,"payload":%q,"wait_ack":true}`, clientID, payload)
	var reply httpapi.SendReply
	h.call("POST", "/api/send", body, &reply)
	return reply
}

// answers waits until a client answers payload with want.
func (h *hub) answers(clientID, payload, want string) {
	h.t.Helper()
	eventually(h.t, clientID+" answers "+payload, func() bool {
		reply := h.ask(clientID, payload)
		return reply.Success && reply.Ack.Result == want || h.t.Failed()
	})
}

// waitUntilQuiet waits until a client has been connected for some heartbeats, so
// that nothing else is under way.
func (h *hub) waitUntilQuiet(clientID string) {
	h.t.Helper()
	eventually(h.t, clientID+" has sent some heartbeats", func() bool {
		var client httpapi.ClientDetail
		h.call("GET", "/api/clients/"+clientID, "", &client)
		return client.LastHeartbeat-client.ConnectedAt > 500 || h.t.Failed()
	})
}
