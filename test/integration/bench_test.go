package integration

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/voilet/QuicFlow/internal/certs"
	"github.com/voilet/QuicFlow/internal/load"
	"github.com/voilet/QuicFlow/internal/testprocess"
)

// startBenchHub starts quic-bench serve with a certificate of its own making.
func startBenchHub(t *testing.T, args ...string) (hub *testprocess.Process, addr string) {
	t.Helper()
	hub = start(t, nil, "quic-bench", append([]string{"serve", "-addr", "127.0.0.1:0"}, args...)...)
	return hub, hub.Addr("msg=listening")
}

// bench does quic-bench run and returns its report.
func bench(t *testing.T, args ...string) (report load.Report) {
	t.Helper()
	p := run(t, "quic-bench", append([]string{"run", "-json"}, args...)...)
	decode(t, p.Stdout(), &report)
	if code := p.Wait(); code != 0 || report.Errors != 0 {
		t.Errorf("exit code %d, %d errors: %s", code, report.Errors, p.Stderr())
	}
	return report
}

func decode(t *testing.T, text string, v any) {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(text))
	if err := decoder.Decode(v); err != nil || decoder.More() {
		t.Fatalf("not one JSON object: %v: %s", err, text)
	}
}

// counts stops a hub and returns what it has counted.
func counts(t *testing.T, hub *testprocess.Process) (c load.Counts) {
	t.Helper()
	hub.Signal(os.Interrupt)
	if code := hub.Wait(); code != 0 {
		t.Errorf("exit code %d after SIGINT", code)
	}
	decode(t, hub.Stdout(), &c)
	return c
}

// What run has sent, serve has received, each message once.
func TestBenchServeAndRun(t *testing.T) {
	t.Parallel()
	hub, addr := startBenchHub(t)
	const n = 2000
	acked := bench(t, "-server", addr, "-insecure", "-n", "2000", "-conns", "3", "-c", "4")
	if acked.Messages != n || acked.Hub != (load.Counts{Received: n, Unique: n}) {
		t.Errorf("%d messages were acknowledged, and of this run were received %+v; want %d", acked.Messages, acked.Hub, n)
	}
	oneway := bench(t, "-server", addr, "-insecure", "-n", "2000", "-c", "8", "-work", "oneway")
	if oneway.Messages != n || oneway.Hub.Unique != n || oneway.Hub.Duplicated != 0 {
		t.Errorf("%d messages were sent one way, and of this run were received %+v; want %d", oneway.Messages, oneway.Hub, n)
	}
	want := load.Counts{Received: 2 * n, Unique: 2 * n, OutOfOrder: oneway.Hub.OutOfOrder}
	if got := counts(t, hub); got != want {
		t.Errorf("the hub has counted %+v, want %+v", got, want)
	}
}

func TestBenchTrustsAnAuthority(t *testing.T) {
	t.Parallel()
	_, addr := startBenchHub(t, "-cert", filepath.Join(built.certs, certs.ServerCertFile), "-key", filepath.Join(built.certs, certs.ServerKeyFile))
	bench(t, "-server", addr, "-ca", filepath.Join(built.certs, certs.CACertFile), "-n", "1")
	p := run(t, "quic-bench", "run", "-server", addr, "-n", "1")
	if code := p.Wait(); code != 1 || !strings.Contains(p.Stderr(), "bad_certificate") {
		t.Errorf("without the authority: exit code %d, %s", code, p.Stderr())
	}
}

// Each work, with the hub in a process of its own.
func TestBenchSpawn(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		args     string
		messages int64
	}{
		{"-work ack -n 500 -conns 20 -c 2 -warmup 50ms", 500},
		{"-work ack -n 20 -c 4 -size 1MiB", 20},
		{"-work ack -n 20 -rate 200 -bulk 200KiB", 20},
		{"-work oneway -n 500 -conns 2", 500},
		{"-work down -n 500 -conns 5 -c 3 -warmup 50ms", 500},
		{"-work broadcast -n 20 -conns 30", 600},
		{"-work connect -n 50 -conns 20 -c 8", 50},
		{"-work idle -d 100ms -conns 40 -sockets 2", 40},
	} {
		t.Run(test.args, func(t *testing.T) {
			t.Parallel()
			r := bench(t, append([]string{"-spawn"}, strings.Fields(test.args)...)...)
			if r.Messages != test.messages {
				t.Errorf("%d messages, want %d", r.Messages, test.messages)
			}
			if r.HubRSS == 0 || r.ConnsPerSec == 0 {
				t.Errorf("of the hub and the connections nothing is known: %+v", r)
			}
			if idle := r.Work == load.Idle; idle != (r.BytesPerConn > 0) || idle == (r.CPUPerMsg > 0) || idle != (r.GoroutinesPerConn > 1) {
				t.Errorf("what belongs to other work: %+v", r)
			}
		})
	}
}

func TestBenchEmbedded(t *testing.T) {
	t.Parallel()
	r := bench(t, "-embedded", "-n", "500", "-c", "4", "-workers", "2")
	if r.Messages != 500 || r.HubCPUPerMsg != 0 || r.LoadCPUPerMsg == 0 {
		t.Errorf("%d messages; the hub is told apart though nobody can: %+v", r.Messages, r)
	}
}
