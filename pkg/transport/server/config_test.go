package server_test

import (
	"math"
	"testing"
	"time"

	"github.com/voilet/QuicFlow/internal/testnet"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

// What cannot be meant is refused, and not found out when a timer overflows.
func TestAbsurdConfig(t *testing.T) {
	n := testnet.Loopback(t)
	fields := map[string]func(c *server.ServerConfig, d time.Duration){
		"MaxIdleTimeout":         func(c *server.ServerConfig, d time.Duration) { c.MaxIdleTimeout = d },
		"HandshakeTimeout":       func(c *server.ServerConfig, d time.Duration) { c.HandshakeTimeout = d },
		"HeartbeatCheckInterval": func(c *server.ServerConfig, d time.Duration) { c.HeartbeatCheckInterval = d },
		"HeartbeatTimeout":       func(c *server.ServerConfig, d time.Duration) { c.HeartbeatTimeout = d },
		"ReconnectWindow":        func(c *server.ServerConfig, d time.Duration) { c.ReconnectWindow = d },
	}
	for name, set := range fields {
		for d, want := range map[time.Duration]qerrors.Code{
			-1: qerrors.InvalidConfig, 0: qerrors.OK, time.Hour: qerrors.OK,
			100 * 365 * 24 * time.Hour: qerrors.InvalidConfig, math.MaxInt64: qerrors.InvalidConfig,
		} {
			config := n.ServerConfig()
			set(config, d)
			if _, err := server.NewServer(config); qerrors.CodeOf(err) != want {
				t.Errorf("%s %v: %v, want %v", name, d, err, want)
			}
		}
	}
}

func TestStartOnNothing(t *testing.T) {
	hub, err := server.NewServer(testnet.Loopback(t).ServerConfig())
	if err != nil {
		t.Fatal(err)
	}
	if err := hub.StartOn(nil); qerrors.CodeOf(err) != qerrors.InvalidArgument {
		t.Errorf("without a socket: %v", err)
	}
	if err := hub.Start("127.0.0.1:0"); err != nil {
		t.Errorf("afterwards, with one: %v", err)
	}
	if err := hub.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}
