package integration

import (
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"github.com/voilet/QuicFlow/internal/httpapi"
	"github.com/voilet/QuicFlow/internal/testprocess"
)

// monitored is a page of a program's -metrics.
func monitored(t *testing.T, p *testprocess.Process, path string) (status int, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+p.Addr("monitoring listening")+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Close = true // leave no goroutine behind
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

// A hub that drains says so, and shows its metrics, until it is done.
func TestMonitoringWhileDraining(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	h := startHub(t, "-handler", g.handler())
	sender := start(t, nil, "quic-client", h.clientArgs("a", "-send", "x", "-wait-ack")...)
	g.waitUntilBegun()
	if status, body := monitored(t, h.Process, "/readyz"); status != http.StatusOK {
		t.Errorf("before the drain: %d %s", status, body)
	}
	h.Signal(syscall.SIGTERM)
	h.Await("msg=stopping")
	eventually(t, "the hub is not ready", func() bool {
		status, body := monitored(t, h.Process, "/readyz")
		return status == http.StatusServiceUnavailable && strings.Contains(body, "draining")
	})
	if status, _ := monitored(t, h.Process, "/healthz"); status != http.StatusOK {
		t.Errorf("/healthz while draining: %d", status)
	}
	var problem httpapi.Problem
	h.call("POST", "/api/send", `{"client_id":"a","payload":"x"}`, &problem)
	if problem.Status != http.StatusServiceUnavailable || problem.Code != "draining" {
		t.Errorf("a send while draining: %+v", problem)
	}
	var page httpapi.ClientPage
	h.call("GET", "/api/clients", "", &page)
	if page.Total != 1 {
		t.Errorf("while draining the API lists %d clients, want the one that is waited for", page.Total)
	}
	if _, body := monitored(t, h.Process, "/metrics"); !strings.Contains(body, "\nquic_backbone_dispatcher_busy_workers 1\n") {
		t.Error("the metrics do not show the handler that is waited for")
	}
	g.open()
	if code := sender.Wait(); code != 0 {
		t.Errorf("the sender exited with %d", code)
	}
	if code := h.Wait(); code != 0 {
		t.Errorf("the hub exited with %d", code)
	}
}

// A client has the same pages when it is asked to, and is ready when it is connected.
func TestMonitoringOfAClient(t *testing.T) {
	t.Parallel()
	agent := start(t, nil, "quic-client", "-server", closedPort(t), "-id", "a", "-metrics", "127.0.0.1:0", "-insecure", "-handshake-timeout", "200ms")
	if status, body := monitored(t, agent, "/readyz"); status != http.StatusServiceUnavailable || !strings.Contains(body, "connect") {
		t.Errorf("without a hub: %d %s", status, body)
	}
	h := startHub(t)
	connected := h.agent("b", "-metrics", "127.0.0.1:0")
	if status, body := monitored(t, connected, "/readyz"); status != http.StatusOK {
		t.Errorf("connected: %d %s", status, body)
	}
	if _, body := monitored(t, connected, "/metrics"); !strings.Contains(body, "\nquic_backbone_connections_total 1\n") {
		t.Errorf("the metrics are %s", body)
	}
}

func TestProfilesNeedAnAddress(t *testing.T) {
	t.Parallel()
	p := run(t, "quic-client", "-id", "a", "-pprof")
	if code := p.Wait(); code != 2 || !strings.Contains(p.Stderr(), "-metrics") {
		t.Errorf("it exited with %d and said %s", code, p.Stderr())
	}
}
