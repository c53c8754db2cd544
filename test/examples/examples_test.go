// Package examples runs the example programs as processes, the way the README
// says.
package examples

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/voilet/QuicFlow/internal/certs"
	"github.com/voilet/QuicFlow/internal/leaktest"
	"github.com/voilet/QuicFlow/internal/testprocess"

	// The examples are built by a command; through these imports "go test" knows
	// that the result depends on them.
	_ "github.com/voilet/QuicFlow/pkg/transport/client"
	_ "github.com/voilet/QuicFlow/pkg/transport/server"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// programs makes a command of a program of an example.
type programs func(name string, args ...string) *exec.Cmd

func TestExamples(t *testing.T) {
	bin := t.TempDir()
	for _, example := range []struct {
		name string
		test func(t *testing.T, program programs)
	}{
		{"echo", testEcho},
		{"echo", testEchoWithoutCertificates},
		{"broadcast", testBroadcast},
		{"broadcast", testBroadcastEndsAfterItsCount},
		{"callback", testCallback},
		{"monitoring", testMonitoring},
	} {
		dir := filepath.Join(bin, example.name)
		build(t, example.name, dir)
		t.Run(example.name, func(t *testing.T) {
			t.Parallel()
			example.test(t, func(name string, args ...string) *exec.Cmd {
				return exec.Command(filepath.Join(dir, name), args...)
			})
		})
	}
}

// build builds the programs of an example into dir.
func build(t *testing.T, example, dir string) {
	t.Helper()
	if _, err := os.Stat(dir); err == nil {
		return
	}
	source := filepath.Join("..", "..", "examples", example)
	if err := fs.WalkDir(os.DirFS(source), ".", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			_, err = os.ReadFile(filepath.Join(source, path)) // so that "go test" sees a change of it
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if err := testprocess.Build(".", dir+"/", "./"+source+"/..."); err != nil {
		t.Fatal(err)
	}
}

// makeCerts returns the folder of a server's certificate, and the file of its CA.
func makeCerts(t *testing.T) (dir, ca string) {
	t.Helper()
	dir = t.TempDir()
	if _, err := certs.Create(certs.Options{Dir: dir}); err != nil {
		t.Fatal(err)
	}
	return dir, filepath.Join(dir, certs.CACertFile)
}

func testEcho(t *testing.T, program programs) {
	dir, ca := makeCerts(t)
	hub := testprocess.Start(t, program("server", "-addr", "127.0.0.1:0", "-certs", dir))

	client := testprocess.Run(t, program("client", "-server", hub.Addr("listening"), "-ca", ca, "-text", "over and out"))
	if client.Wait() != 0 || client.Stdout() != "over and out\n" {
		t.Errorf("the client printed %q and ended with %d", client.Stdout(), client.Wait())
	}
	hub.Await("Received message from echo-client: over and out")
	if code := hub.Stop(); code != 0 {
		t.Errorf("the server ended with %d", code)
	}
}

func testEchoWithoutCertificates(t *testing.T, program programs) {
	hub := testprocess.Run(t, program("server", "-addr", "127.0.0.1:0", "-certs", t.TempDir()))
	if hub.Wait() != 1 || !strings.Contains(hub.Stderr(), "quic-ctl certs") {
		t.Errorf("the server ended with %d and said %q", hub.Wait(), hub.Stderr())
	}
}

func testBroadcast(t *testing.T, program programs) {
	dir, ca := makeCerts(t)
	hub := testprocess.Start(t, program("server", "-addr", "127.0.0.1:0", "-certs", dir, "-every", "20ms"))
	addr := hub.Addr("listening")

	var clients []*testprocess.Process
	for _, id := range [][]string{nil, {"-id", "two"}} {
		clients = append(clients, testprocess.Start(t, program("client", append(id, "-server", addr, "-ca", ca)...)))
	}
	clients[0].Await("client_id=broadcast-client ") // not that of another program in the documentation
	hub.Await("to 2 of 2 clients")
	for _, c := range clients {
		c.Await("event ")
		if code := c.Stop(); code != 0 {
			t.Errorf("a client ended with %d", code)
		}
	}
	if code := hub.Stop(); code != 0 {
		t.Errorf("the server ended with %d", code)
	}
}

func testBroadcastEndsAfterItsCount(t *testing.T, program programs) {
	dir, _ := makeCerts(t)
	hub := testprocess.Run(t, program("server", "-addr", "127.0.0.1:0", "-certs", dir, "-every", "1ms", "-count", "2"))
	const want = "event 1 went to 0 of 0 clients\nevent 2 went to 0 of 0 clients\n"
	if hub.Wait() != 0 || hub.Stdout() != want {
		t.Errorf("the server printed %q and ended with %d", hub.Stdout(), hub.Wait())
	}
}

func testCallback(t *testing.T, program programs) {
	dir, ca := makeCerts(t)
	hub := testprocess.Start(t, program("server", "-addr", "127.0.0.1:0", "-certs", dir))

	client := testprocess.Run(t, program("client", "-server", hub.Addr("listening"), "-ca", ca))
	got := slices.Sorted(strings.Lines(client.Stdout())) // the answers come in any order
	want := []string{
		"\"\": the server failed: there is no text\n",
		"\"a rather long text\": A RATHER LONG TEXT\n",
		"\"a short one\": A SHORT ONE\n",
		"\"tiny\": TINY\n",
		"Received Ack: status=ACK_STATUS_SUCCESS, result=HELLO, SERVER!\n",
	}
	if client.Wait() != 0 || !slices.Equal(got, want) {
		t.Errorf("the client ended with %d and printed\n%s", client.Wait(), client.Stdout())
	}
	if code := hub.Stop(); code != 0 {
		t.Errorf("the server ended with %d", code)
	}
}

func testMonitoring(t *testing.T, program programs) {
	dir, _ := makeCerts(t)
	hub := testprocess.Start(t, program("monitoring", "-addr", "127.0.0.1:0", "-metrics", "127.0.0.1:0", "-certs", dir, "-load"))
	for _, want := range []string{
		"what=connect client_id=load-0", "what=connect client_id=load-1", "what=connect client_id=load-2",
		"what=connect client_id=load-3", "what=connect client_id=load-4", "what=\"message received\" msg_id=", "what=\"message sent\" msg_id=", "what=broadcast",
	} {
		hub.Await(want)
	}
	url, _, _ := strings.Cut(strings.SplitN(hub.Await("msg=metrics"), "url=", 2)[1], " ")
	for page, want := range map[string]string{
		"/metrics": "\nquic_backbone_connected_clients 5\n", "/readyz": "ok\n",
	} {
		if _, got := testprocess.Get(t, strings.TrimSuffix(url, "/metrics")+page); !strings.Contains(got, want) {
			t.Errorf("%s has no %q:\n%s", page, want, got)
		}
	}
	if code := hub.Stop(); code != 0 {
		t.Errorf("the server ended with %d", code)
	}
}
