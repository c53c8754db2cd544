package integration

import (
	"bufio"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"github.com/voilet/QuicFlow/internal/httpapi"
)

// events follows the events of h and returns their lines; the channel is closed at
// an orderly end.
func (h *hub) events(lastID string) <-chan string {
	h.t.Helper()
	request, err := http.NewRequestWithContext(h.t.Context(), "GET", h.api+"/api/events", nil)
	if err != nil {
		h.t.Fatal(err)
	}
	request.Close = true
	if lastID != "" {
		request.Header.Set("Last-Event-ID", lastID)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		h.t.Fatal(err)
	}
	lines := make(chan string, 1000)
	go func() {
		defer func() { _ = response.Body.Close() }()
		defer close(lines)
		scanner := bufio.NewScanner(response.Body)
		for scanner.Scan() {
			lines <- scanner.Text()
		}
		if err := scanner.Err(); err != nil && h.t.Context().Err() == nil {
			h.t.Error(err)
		}
	}()
	return lines
}

// await returns the first of lines that has words in it.
func await(t *testing.T, lines <-chan string, words string) string {
	t.Helper()
	for line := range lines {
		if strings.Contains(line, words) {
			return line
		}
	}
	t.Fatalf("the stream ended without %q", words)
	return ""
}

// TestEventsUntilTheHubStops: a reader sees how the hub drains, does not hold it up,
// and is told by the next hub that it cannot know what it missed.
func TestEventsUntilTheHubStops(t *testing.T) {
	t.Parallel()
	h := startHub(t)
	g := newGate(t)
	lines := h.events("")
	agent := h.agent("a", "-handler", g.handler())
	await(t, lines, "event: connect")
	replies := make(chan httpapi.SendReply, 1)
	go func() { replies <- h.ask("a", "x") }()
	g.waitUntilBegun()
	h.Signal(syscall.SIGTERM)
	h.Await("msg=stopping")
	g.open()
	if reply := <-replies; !reply.Success {
		t.Errorf("the caller was answered %+v", reply)
	}
	await(t, lines, "event: disconnect")
	last := await(t, lines, `data: {"time":`)
	if !strings.Contains(last, `"client_id":"a","code":"ok"`) {
		t.Errorf("the last event is %s", last)
	}
	for line := range lines {
		if line != "" {
			t.Errorf("then there is %q", line)
		}
	}
	if code := h.Wait(); code != 0 {
		t.Errorf("the hub exited with %d: %s", code, h.Stderr())
	}
	agent.Stop()

	h = startHub(t)
	lines = h.events("1")
	await(t, lines, "event: missed")
	if line := await(t, lines, "data: "); !strings.Contains(line, `"missed":0,"restarted":true`) {
		t.Errorf("the next hub says %s", line)
	}
}
