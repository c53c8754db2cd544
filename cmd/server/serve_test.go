package main

import (
	"context"
	"encoding/json"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/voilet/QuicFlow/internal/testprocess"
	"github.com/voilet/QuicFlow/pkg/protocol"
	"github.com/voilet/QuicFlow/pkg/transport/client"
)

// start runs a hub on free ports, in dir.
func start(t *testing.T, args ...string) (hub *testprocess.Process, dir string) {
	t.Helper()
	cmd := withCerts(t, quicServer(t, append([]string{"-addr", "127.0.0.1:0", "-api", "127.0.0.1:0", "-metrics", "127.0.0.1:0"}, args...)...))
	return testprocess.Start(t, cmd), cmd.Dir
}

// connect returns a client of the hub.
func connect(t *testing.T, hub *testprocess.Process, dir string) *client.Client {
	t.Helper()
	c, err := client.NewClient(&client.ClientConfig{ClientID: "client-001", TLSCAFile: filepath.Join(dir, "certs", "ca.crt")})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Connect(hub.Addr("msg=listening")); err != nil {
		t.Fatal(err)
	}
	// When the hub was stopped by then, Close has nothing to say that matters here.
	t.Cleanup(func() { _ = c.Close(context.Background()) })
	return c
}

func text(payload string) *protocol.DataMessage {
	return &protocol.DataMessage{Type: protocol.MessageType_MESSAGE_TYPE_COMMAND, Payload: []byte(payload)}
}

func TestServesClientsUntilItIsStopped(t *testing.T) {
	t.Parallel()
	hub, dir := start(t, "-log-level", "debug")
	ack, err := connect(t, hub, dir).SendMessage(t.Context(), text("hello"), true, 0)
	if err != nil || ack.Status != protocol.AckStatus_ACK_STATUS_SUCCESS || len(ack.Result) != 0 {
		t.Errorf("the hub answers with %v and error %v, want success and an empty result", ack, err)
	}
	line := hub.Await("message received")
	for _, want := range []string{"client_id=client-001", "type=command", "bytes=5", "msg_id=" + ack.GetMsgId()} {
		if !strings.Contains(line, want) {
			t.Errorf("the log has no %s: %s", want, line)
		}
	}
	if code := hub.Stop(); code != 0 {
		t.Errorf("exit code %d after SIGTERM, want 0", code)
	}
}

func TestFlagsReachTheServer(t *testing.T) {
	t.Parallel()
	hub, dir := start(t, "-handler", "cat", "-max-payload", "8")
	c := connect(t, hub, dir)
	ack, err := c.SendMessage(t.Context(), text("echo"), true, 0)
	if err != nil || string(ack.Result) != "echo" {
		t.Errorf("the handler answers with %q and error %v", ack.GetResult(), err)
	}
	if _, err := c.SendMessage(t.Context(), text("nine byte"), true, 0); err == nil {
		t.Error("a message over -max-payload was accepted")
	}
}

func TestAPI(t *testing.T) {
	t.Parallel()
	hub, dir := start(t)
	connect(t, hub, dir)
	resp, err := http.Get("http://" + hub.Addr("HTTP API") + "/api/clients")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	defer http.DefaultClient.CloseIdleConnections()
	var list struct {
		Clients []struct {
			ClientID string `json:"client_id"`
		}
	}
	if err := json.NewDecoder(resp.Body).Decode(&list); err != nil {
		t.Fatal(err)
	}
	if len(list.Clients) != 1 || list.Clients[0].ClientID != "client-001" {
		t.Errorf("the API lists %v", list.Clients)
	}
	if code := hub.Stop(); code != 0 {
		t.Errorf("exit code %d after SIGTERM, want 0", code)
	}
}

func TestNoAPI(t *testing.T) {
	t.Parallel()
	hub, _ := start(t, "-api=")
	hub.Await("msg=listening")
	if code := hub.Stop(); code != 0 {
		t.Errorf("exit code %d after SIGTERM, want 0", code)
	}
	if strings.Contains(hub.Stderr(), "HTTP API") {
		t.Errorf("there is an API:\n%s", hub.Stderr())
	}
}
