package integration

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	collectorpb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

const (
	traceID = "4bf92f3577b34da6a3ce929d0e0e4736"
	parent  = "00-" + traceID + "-00f067aa0ba902b7-01"
)

// collector is an OTLP receiver.
type collector struct {
	url string

	mu    sync.Mutex
	spans []span
}

type span struct {
	*tracepb.Span
	service map[string]string // what the process says about itself
}

func newCollector(t *testing.T) *collector {
	c := &collector{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var batch collectorpb.ExportTraceServiceRequest
		body, err := io.ReadAll(r.Body)
		if err == nil {
			err = proto.Unmarshal(body, &batch)
		}
		if err != nil || r.URL.Path != "/v1/traces" {
			t.Errorf("%s: %v", r.URL.Path, err)
		}
		c.add(&batch)
	}))
	t.Cleanup(server.Close)
	c.url = server.URL
	return c
}

func (c *collector) add(batch *collectorpb.ExportTraceServiceRequest) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, resource := range batch.ResourceSpans {
		service := map[string]string{}
		for _, a := range resource.Resource.Attributes {
			service[a.Key] = a.Value.GetStringValue()
		}
		for _, scope := range resource.ScopeSpans {
			for _, s := range scope.Spans {
				c.spans = append(c.spans, span{s, service})
			}
		}
	}
}

// tree returns the spans of a trace, each below its parent, behind the process that
// it is from.
func (c *collector) tree(id string) (lines []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	children := map[string][]span{}
	known := map[string]bool{}
	for _, s := range c.spans {
		known[string(s.SpanId)] = true
	}
	for _, s := range c.spans {
		if hex.EncodeToString(s.TraceId) != id {
			continue
		}
		above := string(s.ParentSpanId)
		if !known[above] {
			above = "" // where the trace came from
		}
		children[above] = append(children[above], s)
	}
	var draw func(above, indent string)
	draw = func(above, indent string) {
		for _, s := range children[above] {
			name := s.service["service.name"]
			if name == "quic-client" {
				name = s.service["service.instance.id"]
			}
			text := fmt.Sprintf("%s%s: %s", indent, name, s.Name)
			if s.Status.GetCode() == tracepb.Status_STATUS_CODE_ERROR {
				text += ": " + s.Status.Message
			}
			lines = append(lines, text)
			draw(string(s.SpanId), indent+"  ")
		}
	}
	draw("", "")
	return lines
}

// post sends a command to client a, as part of the trace.
func (h *hub) post(body string) {
	h.t.Helper()
	request, err := http.NewRequestWithContext(h.t.Context(), "POST", h.api+"/api/send", strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("traceparent", parent)
	request.Close = true
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		h.t.Fatal(err)
	}
	answer, err := io.ReadAll(response.Body)
	_ = response.Body.Close()
	if err != nil || !bytes.Contains(answer, []byte(`"result":"told`)) {
		h.t.Fatalf("answered %s, %v", answer, err)
	}
}

// A caller of the hub's API asks an agent, whose handler is a script that tells the
// hub something with another client: all that is one trace, from four processes.
func TestTraceFromTheHubAndBack(t *testing.T) {
	t.Parallel()
	c := newCollector(t)
	export := []string{"-otlp-endpoint", c.url}
	h := startHub(t, export...)
	tell := strings.Join(h.clientArgs("script", append(export, "-send", "done", "-type", "event", "-wait-ack")...), " ")
	agent := h.agent("agent", append(export, "-handler", "sh -c '"+filepath.Join(built.bin, "quic-client")+" "+tell+" && echo told'")...)
	h.post(`{"client_id":"agent","wait_ack":true}`)
	if agent.Stop() != 0 || h.Stop() != 0 {
		t.Error("the programs were not stopped in order")
	}
	want := []string{
		"quic-server: send command",
		"  agent: process command",
		"    agent: handle command",
		"      script: send event",
		"        quic-server: process event",
		"          quic-server: handle event",
	}
	if d := cmp.Diff(want, c.tree(traceID)); d != "" {
		t.Errorf("the trace (-want +got):\n%s", d)
	}
	for _, s := range c.spans {
		if s.service["service.version"] != "dev" || s.service["service.instance.id"] == "" {
			t.Errorf("%s is from %v", s.Name, s.service)
		}
	}
}

// A script with a trace of its own sends a command, which the hub's handler refuses.
func TestTraceOfAFailure(t *testing.T) {
	t.Parallel()
	c := newCollector(t)
	h := startHub(t, "-otlp-endpoint", c.url, "-handler", `sh -c 'echo "no: $TRACEPARENT" >&2; exit 3'`)
	p := start(t, []string{"TRACEPARENT=" + parent}, "quic-client",
		h.clientArgs("a", "-otlp-endpoint", c.url+"/v1/traces", "-send", "x", "-wait-ack")...)
	if code := p.Wait(); code != 1 || !strings.Contains(p.Stderr(), "no: 00-"+traceID) {
		t.Errorf("it exited with %d and said %s", code, p.Stderr())
	}
	if h.Stop() != 0 {
		t.Error("the hub was not stopped in order")
	}
	got := c.tree(traceID)
	names := slices.Clone(got)
	for i, line := range got {
		name, reason, _ := strings.Cut(line, " command: ")
		names[i] = name
		if !strings.Contains(reason, "exit status 3: no: 00-"+traceID) {
			t.Errorf("%s has the reason %q", name, reason)
		}
	}
	if d := cmp.Diff([]string{"a: send", "  quic-server: process", "    quic-server: handle"}, names); d != "" {
		t.Errorf("the trace (-want +got):\n%s", d)
	}
}

// A collector that takes requests and never answers keeps no message and no program.
func TestCollectorHangs(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(release) })
	h := startHub(t, "-otlp-endpoint", server.URL, "-handler", "cat")
	p := run(t, "quic-client", h.clientArgs("a", "-otlp-endpoint", server.URL, "-send", "hello", "-wait-ack")...)
	if code := p.Wait(); code != 0 || p.Stdout() != "hello" || !strings.Contains(p.Stderr(), "spans were not exported") {
		t.Errorf("the client exited with %d, was answered %q and said %s", code, p.Stdout(), p.Stderr())
	}
	if code := h.Stop(); code != 0 || !strings.Contains(h.Stderr(), "spans were not exported") {
		t.Errorf("the hub exited with %d and said %s", code, h.Stderr())
	}
}

// With a ratio of 0, nothing is exported of what others have begun either.
func TestNothingOfTheTraces(t *testing.T) {
	t.Parallel()
	c := newCollector(t)
	h := startHub(t, "-otlp-endpoint", c.url, "-otlp-ratio", "0")
	p := start(t, []string{"TRACEPARENT=" + parent}, "quic-client", h.clientArgs("a", "-otlp-endpoint", c.url, "-send", "x", "-wait-ack")...)
	if p.Wait() != 0 || h.Stop() != 0 {
		t.Error("the programs were not stopped in order")
	}
	if d := cmp.Diff([]string{"a: send command"}, c.tree(traceID)); d != "" {
		t.Errorf("the trace (-want +got):\n%s", d)
	}
}
