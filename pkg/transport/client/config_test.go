package client_test

import (
	"math"
	"testing"
	"time"

	"github.com/voilet/QuicFlow/internal/certs"
	"github.com/voilet/QuicFlow/internal/testnet"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/transport/client"
)

// What cannot be meant is refused, and not found out when a timer overflows.
func TestAbsurdConfig(t *testing.T) {
	ca := testnet.Loopback(t).Dir() + "/" + certs.CACertFile
	fields := map[string]func(c *client.ClientConfig, d time.Duration){
		"InitialBackoff":         func(c *client.ClientConfig, d time.Duration) { c.InitialBackoff = d },
		"MaxBackoff":             func(c *client.ClientConfig, d time.Duration) { c.MaxBackoff = d },
		"HeartbeatInterval":      func(c *client.ClientConfig, d time.Duration) { c.HeartbeatInterval = d },
		"HeartbeatTimeout":       func(c *client.ClientConfig, d time.Duration) { c.HeartbeatTimeout = d },
		"HeartbeatCheckInterval": func(c *client.ClientConfig, d time.Duration) { c.HeartbeatCheckInterval = d },
		"MaxIdleTimeout":         func(c *client.ClientConfig, d time.Duration) { c.MaxIdleTimeout = d },
		"HandshakeTimeout":       func(c *client.ClientConfig, d time.Duration) { c.HandshakeTimeout = d },
	}
	for name, set := range fields {
		for d, want := range map[time.Duration]qerrors.Code{
			-1: qerrors.InvalidConfig, 0: qerrors.OK, 25 * time.Second: qerrors.OK,
			100 * 365 * 24 * time.Hour: qerrors.InvalidConfig, math.MaxInt64: qerrors.InvalidConfig,
		} {
			config := &client.ClientConfig{ClientID: "a", TLSCAFile: ca}
			set(config, d)
			if _, err := client.NewClient(config); qerrors.CodeOf(err) != want {
				t.Errorf("%s %v: %v, want %v", name, d, err, want)
			}
		}
	}
}

func TestEmptySocket(t *testing.T) {
	ca := testnet.Loopback(t).Dir() + "/" + certs.CACertFile
	_, err := client.NewClient(&client.ClientConfig{ClientID: "a", TLSCAFile: ca, Socket: &client.Socket{}})
	if qerrors.CodeOf(err) != qerrors.InvalidConfig {
		t.Errorf("an empty socket: %v", err)
	}
}

func TestSocketOfNothing(t *testing.T) {
	ca := testnet.Loopback(t).Dir() + "/" + certs.CACertFile
	c, err := client.NewClient(&client.ClientConfig{ClientID: "a", TLSCAFile: ca, Socket: client.NewSocket(nil)})
	if err == nil {
		err = c.Connect("127.0.0.1:9")
	}
	if qerrors.CodeOf(err) != qerrors.InvalidConfig {
		t.Errorf("a socket on nil: %v", err)
	}
}

// Heartbeats that are rarer than what ends or condemns a connection are refused.
func TestRareHeartbeats(t *testing.T) {
	ca := testnet.Loopback(t).Dir() + "/" + certs.CACertFile
	for name, c := range map[string]*client.ClientConfig{
		"than the idle timeout":      {HeartbeatInterval: time.Minute, HeartbeatTimeout: 2 * time.Minute},
		"than the heartbeat timeout": {HeartbeatInterval: time.Minute, MaxIdleTimeout: 2 * time.Minute},
	} {
		c.ClientID, c.TLSCAFile = "a", ca
		if _, err := client.NewClient(c); qerrors.CodeOf(err) != qerrors.InvalidConfig {
			t.Errorf("rarer %s: %v", name, err)
		}
	}
}
