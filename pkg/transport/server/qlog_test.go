package server_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/voilet/QuicFlow/internal/testnet"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/monitoring"
	"github.com/voilet/QuicFlow/pkg/transport/client"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

// traced is a hub that can make traces, on loopback.
type traced struct {
	*testing.T
	*testnet.Network
	hub *server.Server
	dir string
}

func newTraced(t *testing.T) *traced {
	n := &traced{T: t, Network: testnet.Loopback(t), dir: t.TempDir()}
	n.hub = n.Hub(testnet.Echo(), func(c *server.ServerConfig) { c.QlogDir = n.dir })
	return n
}

func (n *traced) connect(id string) *client.Client {
	n.Helper()
	c := n.Client(id, testnet.Echo(), nil)
	n.Connect(c)
	return c
}

// exchange sends messages both ways, one after the other.
func (n *traced) exchange(c *client.Client, id string, times int, payload string) {
	n.Helper()
	for range times {
		if _, err := c.SendMessage(n.Context(), testnet.Command(payload), true, 0); err != nil {
			n.Fatal(err)
		}
		if _, err := n.hub.SendMessage(n.Context(), id, testnet.Command(payload), true, 0); err != nil {
			n.Fatal(err)
		}
	}
}

func (n *traced) start(id string) (path string) {
	n.Helper()
	path, err := n.hub.StartQlog(id)
	if err != nil {
		n.Fatal(err)
	}
	return path
}

func (n *traced) stop(id string) {
	n.Helper()
	if err := n.hub.StopQlog(id); err != nil {
		n.Error(err)
	}
}

func (n *traced) read(path string) []byte {
	n.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		n.Fatal(err)
	}
	return text
}

// files returns the names of all traces.
func (n *traced) files() []string {
	n.Helper()
	names, err := filepath.Glob(filepath.Join(n.dir, "*"))
	if err != nil {
		n.Fatal(err)
	}
	return names
}

func TestQlog(t *testing.T) {
	n := newTraced(t)
	c := n.connect("a")
	const secret = "attack at dawn"
	n.exchange(c, "a", 20, secret)
	before := time.Now()
	path := n.start("a")
	n.exchange(c, "a", 20, secret)
	n.stop("a")
	after := time.Now()
	text := n.read(path)
	n.exchange(c, "a", 20, secret)
	if !bytes.Equal(text, n.read(path)) {
		t.Error("the file was written to after the trace was stopped")
	}
	if bytes.Contains(text, []byte(secret)) {
		t.Error("the file has a payload in it")
	}
	q := testnet.ParseQlog(t, text)
	h := q.Header
	if h.FileSchema != "urn:ietf:params:qlog:file:sequential" || h.Format != "application/qlog+json-seq" || h.Trace.VantagePoint.Type != "server" {
		t.Errorf("the header is %+v", h)
	}
	if d := cmp.Diff([]string{"urn:ietf:params:qlog:events:quic-14"}, h.Trace.EventSchemas); d != "" {
		t.Errorf("event schemas (-want +got):\n%s", d)
	}
	for _, name := range []string{"transport:packet_sent", "transport:packet_received"} {
		if count := q.Count(name); count < 20 {
			t.Errorf("%d events are %s", count, name)
		}
	}
	reference := h.Trace.CommonFields.ReferenceTime.WallClockTime
	for _, e := range q.Events {
		at := reference.Add(time.Duration(e.Time * float64(time.Millisecond)))
		if at.Before(before) || at.After(after) || e.Time < 0 {
			t.Errorf("%s happened at %v, the trace was on from %v to %v", e.Name, at, before, after)
		}
		packet := e.Name == "transport:packet_sent" || e.Name == "transport:packet_received"
		if packet && (e.Data.Header.PacketType != "1RTT" || e.Data.Header.PacketNumber < 20) {
			t.Errorf("%s %d of type %s is older than the trace", e.Name, e.Data.Header.PacketNumber, e.Data.Header.PacketType)
		}
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode() != 0o600 {
		t.Errorf("the file has the mode %v", info.Mode())
	}
}

func TestQlogTwice(t *testing.T) {
	n := newTraced(t)
	c := n.connect("a")
	n.stop("a") // which is not on
	first := n.start("a")
	n.exchange(c, "a", 1, "x")
	if again := n.start("a"); again != first {
		t.Errorf("switched on again, the file is %s, not %s", again, first)
	}
	n.stop("a")
	n.stop("a")
	second := n.start("a")
	n.exchange(c, "a", 1, "x")
	n.stop("a")
	if second == first {
		t.Error("a second trace has the file of the first")
	}
	for _, path := range []string{first, second} {
		if q := testnet.ReadQlog(t, path); q.Count("transport:packet_received") == 0 {
			t.Errorf("%s has no packets", path)
		}
	}
}

func TestQlogOfOneClientOnly(t *testing.T) {
	n := newTraced(t)
	a, b := n.connect("a"), n.connect("b")
	n.start("a")
	n.exchange(a, "a", 1, "x")
	n.exchange(b, "b", 1, "x")
	n.stop("b")
	n.stop("a")
	if files := n.files(); len(files) != 1 || !strings.HasPrefix(filepath.Base(files[0]), "a_") {
		t.Errorf("the files are %v", files)
	}
}

func TestQlogErrors(t *testing.T) {
	n := newTraced(t)
	without := testnet.Loopback(t)
	hub := without.Hub(testnet.Echo(), nil)
	without.Connect(without.Client("a", testnet.Echo(), nil))
	n.connect("a")
	for what, f := range map[string]func() error{
		"start, unknown": func() error { _, err := n.hub.StartQlog("b"); return err },
		"stop, unknown":  func() error { return n.hub.StopQlog("b") },
	} {
		if err := f(); !errors.Is(err, qerrors.ErrUnknownClient) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := hub.StartQlog("a"); !errors.Is(err, qerrors.ErrInvalidConfig) || !strings.Contains(err.Error(), "QlogDir") {
		t.Errorf("without a folder: %v", err)
	}
	if err := hub.StopQlog("a"); err != nil {
		t.Errorf("without a folder there is nothing to stop: %v", err)
	}
}

// TestQlogFolderGone: what holds for a folder that is gone holds for one that must
// not be written to, which root may.
func TestQlogFolderGone(t *testing.T) {
	n := newTraced(t)
	c := n.connect("a")
	if err := os.Remove(n.dir); err != nil {
		t.Fatal(err)
	}
	if _, err := n.hub.StartQlog("a"); !errors.Is(err, qerrors.ErrInvalidConfig) || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder is gone: %v", err)
	}
	n.exchange(c, "a", 1, "x")
	if err := os.Mkdir(n.dir, 0o500); err != nil {
		t.Fatal(err)
	}
	if _, err := n.hub.StartQlog("a"); os.Geteuid() != 0 && !errors.Is(err, os.ErrPermission) {
		t.Errorf("the folder must not be written to: %v", err)
	}
}

func TestQlogDirUnusable(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	config := testnet.Loopback(t).ServerConfig()
	missing := filepath.Join(t.TempDir(), "mistyped", "qlogs") // a folder is made, but not the way to it
	for _, dir := range []string{file, filepath.Join(file, "qlogs"), missing} {
		config.QlogDir = dir
		if _, err := server.NewServer(config); !errors.Is(err, qerrors.ErrInvalidConfig) || !strings.Contains(err.Error(), "QlogDir") {
			t.Errorf("%s: got %v", dir, err)
		}
	}
	if _, err := os.Stat(filepath.Dir(missing)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder of one that cannot be made: %v", err)
	}
}

// TestQlogFileNames: the id of a client, which is a stranger's choice, cannot lead
// anywhere else or begin like an option.
func TestQlogFileNames(t *testing.T) {
	n := newTraced(t)
	for id, want := range map[string]string{
		"client-001":                 "client-001",
		"../../etc/passwd":           "_._.._etc_passwd",
		"/etc/passwd":                "_etc_passwd",
		`..\..\x`:                    "_._.._x",
		"..":                         "_.",
		".":                          "_",
		"-rf":                        "_rf",
		"edge 7 ü":                   "edge_7__",
		"C:a":                        "C_a",
		"%2e%2e%2f":                  "_2e_2e_2f",
		strings.Repeat("long", 32):   strings.Repeat("long", 16),
		"../" + filepath.Base(n.dir): "_._" + filepath.Base(n.dir),
	} {
		c := n.connect(id)
		path := n.start(id)
		n.exchange(c, id, 1, "x")
		n.stop(id)
		session, _ := n.hub.Client(id)
		name, rest, _ := strings.Cut(filepath.Base(path), "_"+session.SessionID+"_")
		if filepath.Dir(path) != n.dir || name != want || !strings.HasSuffix(rest, ".sqlog") {
			t.Errorf("the trace of %q is %s", id, path)
		}
		testnet.ReadQlog(t, path)
	}
}

func TestQlogEndsWithTheConnection(t *testing.T) {
	n := newTraced(t)
	back := make(chan struct{})
	c := n.Client("a", testnet.Echo(), func(c *client.ClientConfig) {
		c.ReconnectEnabled, c.InitialBackoff = true, time.Millisecond
		c.Hooks = &monitoring.EventHooks{OnReconnect: func(string, int) { close(back) }}
	})
	n.Connect(c)
	path := n.start("a")
	if err := n.hub.Disconnect("a", "a test"); err != nil {
		t.Fatal(err)
	}
	<-back
	n.exchange(c, "a", 1, "x")
	if err := n.hub.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	q := testnet.ReadQlog(t, path)
	if q.Count("transport:connection_closed") != 1 {
		t.Errorf("the trace does not have the end of its connection")
	}
	if files := n.files(); len(files) != 1 {
		t.Errorf("the client came back and was traced: %v", files)
	}
}

func TestQlogEndsWithTheServer(t *testing.T) {
	for name, ctx := range map[string]context.Context{"in order": context.Background(), "cut": canceled()} {
		t.Run(name, func(t *testing.T) {
			n := newTraced(t)
			var paths []string
			for _, id := range []string{"a", "b"} {
				n.connect(id)
				paths = append(paths, n.start(id))
			}
			_ = n.hub.Stop(ctx)
			for _, path := range paths {
				if q := testnet.ReadQlog(t, path); q.Count("transport:connection_closed") != 1 {
					t.Errorf("the trace does not have the end of its connection")
				}
			}
			if _, err := n.hub.StartQlog("a"); !errors.Is(err, qerrors.ErrUnknownClient) {
				t.Errorf("on a server that has stopped: %v", err)
			}
		})
	}
}

func canceled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}
