package main

import (
	"net"
	"runtime"
	"strings"
	"testing"

	"github.com/voilet/QuicFlow/internal/testprocess"
)

// get returns the status and the body of a page of a hub's monitoring.
func get(t *testing.T, hub *testprocess.Process, path string) (int, string) {
	t.Helper()
	return testprocess.Get(t, "http://"+hub.Addr("monitoring listening")+path)
}

func TestMonitoring(t *testing.T) {
	t.Parallel()
	hub, dir := start(t)
	hub.Await("msg=listening")
	if _, err := connect(t, hub, dir).SendMessage(t.Context(), text("hello"), true, 0); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"/healthz": "ok\n",
		"/readyz":  "ok\n",
		"/metrics": "\nquic_backbone_connected_clients 1\n",
	} {
		if code, body := get(t, hub, path); code != 200 || !strings.Contains(body, want) {
			t.Errorf("%s: %d %s", path, code, body)
		}
	}
	_, metrics := get(t, hub, "/metrics")
	for _, want := range []string{"\ngo_goroutines ", "\nprocess_start_time_seconds ", "\nquic_backbone_build_info{goversion=\"" + runtime.Version() + "\",version=\"dev\"} 1"} {
		if !strings.Contains(metrics, want) {
			t.Errorf("there is no %s in %s", want, metrics)
		}
	}
	if code, _ := get(t, hub, "/debug/pprof/"); code != 404 {
		t.Errorf("profiles that nobody has asked for: %d", code)
	}
	if code := hub.Stop(); code != 0 {
		t.Errorf("exit code %d after SIGTERM, want 0", code)
	}
}

func TestProfiles(t *testing.T) {
	t.Parallel()
	hub, _ := start(t, "-pprof")
	for path, want := range map[string]string{
		"/debug/pprof/":                   "heap",
		"/debug/pprof/goroutine?debug=1":  "goroutine profile:",
		"/debug/pprof/cmdline":            "-pprof",
		"/debug/pprof/symbol":             "num_symbols",
		"/debug/pprof/trace?seconds=0.01": "go 1.",
	} {
		if code, body := get(t, hub, path); code != 200 || !strings.Contains(body, want) {
			t.Errorf("%s: %d %.200q", path, code, body)
		}
	}
}

func TestNoMonitoring(t *testing.T) {
	t.Parallel()
	hub, _ := start(t, "-metrics=")
	hub.Await("msg=listening")
	if code := hub.Stop(); code != 0 || strings.Contains(hub.Stderr(), "monitoring") {
		t.Errorf("exit code %d, log:\n%s", code, hub.Stderr())
	}
}

func TestAddressOfMonitoring(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for addr, want := range map[string]struct {
		code int
		text string
	}{
		taken.Addr().String(): {1, "another process listens on " + taken.Addr().String() + ": give monitoring another address with -metrics"},
		"9090":                {2, "write host:port or :port"},
		"192.0.2.1:9090":      {1, `monitoring cannot listen on "192.0.2.1:9090"`},
	} {
		p := testprocess.Run(t, withCerts(t, quicServer(t, "-addr", "127.0.0.1:0", "-api=", "-metrics", addr)))
		if p.Wait() != want.code || !strings.Contains(p.Stderr(), want.text) {
			t.Errorf("-metrics %s: exit code %d, stderr:\n%s", addr, p.Wait(), p.Stderr())
		}
	}
}
