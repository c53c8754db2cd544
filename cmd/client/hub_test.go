package main

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/voilet/QuicFlow/internal/certs"
	"github.com/voilet/QuicFlow/internal/testprocess"
	"github.com/voilet/QuicFlow/pkg/dispatcher"
	"github.com/voilet/QuicFlow/pkg/monitoring"
	"github.com/voilet/QuicFlow/pkg/protocol"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

const success = protocol.AckStatus_ACK_STATUS_SUCCESS

// hub is a server for the programs of one test.
type hub struct {
	*server.Server
	dir       string
	connected chan string
	received  chan *protocol.DataMessage
}

// startHub starts a hub that answers a payload with itself, fails for "fail" and
// takes its time for "wait": until the test ends.
func startHub(t *testing.T) *hub {
	t.Helper()
	h := &hub{dir: t.TempDir(), connected: make(chan string, 20), received: make(chan *protocol.DataMessage, 20)}
	if _, err := certs.Create(certs.Options{Dir: filepath.Join(h.dir, "certs")}); err != nil {
		t.Fatal(err)
	}
	srv, err := server.NewServer(&server.ServerConfig{
		TLSCertFile: filepath.Join(h.dir, "certs", certs.ServerCertFile),
		TLSKeyFile:  filepath.Join(h.dir, "certs", certs.ServerKeyFile),
		Hooks:       &monitoring.EventHooks{OnConnect: func(id string) { h.connected <- id }},
	})
	if err != nil {
		t.Fatal(err)
	}
	d := dispatcher.NewDispatcher(nil)
	for _, name := range []string{"command", "event", "query"} {
		kind, err := parseType(name)
		if err != nil {
			t.Fatal(err)
		}
		d.RegisterHandler(kind, dispatcher.HandlerFunc(h.handle))
	}
	srv.SetDispatcher(d)
	if err := srv.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	h.Server = srv
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
		defer cancel()
		_ = srv.Stop(ctx) // what is still under way does not matter any more
	})
	return h
}

func (h *hub) handle(ctx context.Context, msg *protocol.DataMessage) (*protocol.DataMessage, error) {
	h.received <- msg
	switch string(msg.Payload) {
	case "fail":
		return nil, errors.New("that did not work")
	case "wait":
		<-ctx.Done()
		return nil, context.Cause(ctx)
	default:
		return &protocol.DataMessage{Payload: msg.Payload}, nil
	}
}

// start starts quic-client as a client of the hub.
func (h *hub) start(t *testing.T, args ...string) *testprocess.Process {
	t.Helper()
	return testprocess.Start(t, quicClient(h.dir, append([]string{"-server", h.Addr().String(), "-id", "client-001"}, args...)...))
}
