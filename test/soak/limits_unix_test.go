//go:build unix

package soak

import (
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/voilet/QuicFlow/internal/certs"
	"github.com/voilet/QuicFlow/internal/testnet"
	"github.com/voilet/QuicFlow/internal/testprocess"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// hubArgs are the arguments of quic-server with all that it can serve.
func hubArgs(more ...string) []string {
	return append([]string{"-addr", "127.0.0.1:0", "-api", "127.0.0.1:0", "-metrics=",
		"-cert", filepath.Join(built.certs, certs.ServerCertFile), "-key", filepath.Join(built.certs, certs.ServerKeyFile)}, more...)
}

// TestDescriptorLimit has callers of the HTTP API take all descriptors that a hub may have.
// It says so; its clients go on, also new ones; what needs a descriptor fails with the reason,
// and works again when there are some.
func TestDescriptorLimit(t *testing.T) {
	hub := testprocess.Start(t, exec.Command("sh", append([]string{"-c", `ulimit -n 40 && exec "$0" "$@"`, built.hub}, hubArgs("-handler", "cat")...)...))
	addr, api := hub.Addr("msg=listening"), hub.Addr("HTTP API listening")
	before := connect(t, addr, "before")
	handled := func() (*protocol.AckMessage, error) {
		return before.SendMessage(t.Context(), testnet.Command("x"), true, patience)
	}
	if ack, err := handled(); err != nil || string(ack.Result) != "x" {
		t.Fatalf("before: %v, %v", ack, err)
	}
	var callers []net.Conn
	for range 60 {
		c, err := net.Dial("tcp", api)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		callers = append(callers, c)
	}
	hub.Await("too many open files")
	ack, err := handled()
	if err != nil || ack.Status != protocol.AckStatus_ACK_STATUS_FAILURE || !strings.Contains(ack.Error, "too many open files") {
		t.Errorf("a message whose handler cannot be started: %v, %v", ack, err)
	}
	if ack, err := connect(t, addr, "new").SendMessage(t.Context(), testnet.Command("x"), true, patience); err != nil {
		t.Errorf("from a new client: %v, %v", ack, err)
	}
	for _, c := range callers {
		_ = c.Close()
	}
	eventually(t, "the handler can be started again", func() bool {
		ack, err := handled()
		return err == nil && string(ack.Result) == "x"
	})
	if code, _ := testprocess.Get(t, "http://"+api+"/health"); code != http.StatusOK {
		t.Errorf("the API answers with %d", code)
	}
}
