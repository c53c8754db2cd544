package server_test

import (
	"testing"
	"testing/synctest"

	"github.com/voilet/QuicFlow/internal/testnet"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

func TestLifecycle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		hub := n.Hub(testnet.Echo(), nil)
		if err := hub.StartOn(n.Listen("elsewhere")); qerrors.CodeOf(err) != qerrors.InvalidArgument {
			t.Errorf("a second Start: %v", err)
		}
		results := make(chan error)
		for range 3 {
			go func() { results <- hub.Stop(t.Context()) }()
		}
		go func() { results <- hub.Wait() }()
		for range 4 {
			if err := <-results; err != nil {
				t.Error(err)
			}
		}
		if err := hub.Stop(t.Context()); err != nil {
			t.Errorf("Stop after Stop: %v", err)
		}
		if err := hub.StartOn(n.Listen("elsewhere")); qerrors.CodeOf(err) != qerrors.InvalidArgument {
			t.Errorf("Start after Stop: %v", err)
		}
		if _, err := hub.SendMessage(t.Context(), "a", testnet.Command("x"), true, 0); qerrors.CodeOf(err) != qerrors.Draining {
			t.Errorf("SendMessage after Stop: %v", err)
		}
	})
}

func TestStopBeforeStart(t *testing.T) {
	n := testnet.Loopback(t)
	hub, err := server.NewServer(n.ServerConfig())
	if err != nil {
		t.Fatal(err)
	}
	if addr := hub.Addr(); addr != nil {
		t.Errorf("the address before Start is %v", addr)
	}
	for range 2 {
		if err := hub.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if err := hub.Wait(); err != nil {
		t.Error(err)
	}
	if err := hub.Start("127.0.0.1:0"); err == nil {
		t.Error("Start after Stop succeeded")
	}
}
