// Command quic-server is the hub of the QUIC Backbone. It exits with 0 when it
// was stopped in order, 1 when something failed or was cut off, and 2 when a
// setting is wrong.
package main

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"os"
	"slices"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/voilet/QuicFlow/internal/program"
	"github.com/voilet/QuicFlow/internal/settings"
	"github.com/voilet/QuicFlow/pkg/monitoring"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

// version is set by the linker, see the Makefile.
var version = "dev"

func main() { os.Exit(settings.Main(command(), settings.ExitCode)) }

func command() *cli.Command {
	return &cli.Command{
		Name:    "quic-server",
		Usage:   "the hub of a QUIC Backbone",
		Version: version,
		Description: "Clients dial in over QUIC and keep one connection each. Each message that one\n" +
			"sends is logged and acknowledged, or answered by the program of -handler.\n" +
			"SIGINT and SIGTERM let what is under way finish; a second one cuts it off.\n\n" +
			"Examples:\n" +
			"  ./scripts/gen-certs.sh && quic-server\n" +
			"  quic-server -addr :9090 -handler 'jq -c .config'",
		Flags:  flags(),
		Action: run,
	}
}

func flags() []cli.Flag {
	return slices.Concat(
		program.Category("Network",
			&cli.StringFlag{Name: "addr", Value: ":8474", Usage: "UDP `ADDRESS` to listen on, host:port or :port"},
			&cli.StringFlag{Name: "cert", Value: "certs/server.crt", Usage: "PEM `FILE` with the hub's certificate", TakesFile: true},
			&cli.StringFlag{Name: "key", Value: "certs/server.key", Usage: "PEM `FILE` with its key", TakesFile: true},
			program.Duration("handshake-timeout", 5*time.Second, "time for a client to connect, and then to say hello"),
			program.Duration("max-idle-timeout", 30*time.Second, "silence on the network that ends a connection"),
			&cli.StringFlag{Name: "api", Value: "127.0.0.1:8475", Usage: "TCP `ADDRESS` of the HTTP API, which has no authentication: keep it on loopback; off with -api="}),
		program.Category("Heartbeats", program.HeartbeatFlags()...),
		program.Category("Limits", slices.Concat([]cli.Flag{
			program.Count("max-clients", 10_000, math.MaxInt32, "clients connected at once"),
			program.Count("max-incoming-streams", 1000, math.MaxInt32, "streams that one client may have open, at least 16")},
			program.LimitFlags())...),
		program.Category("Handling of messages", program.HandlerFlags()...),
		program.Category("Stopping",
			program.DrainFlag(),
			&cli.DurationFlag{Name: "reconnect-window", DefaultText: "1ms per client",
				Usage: "time over which the return of the clients is spread; at least 1s unless set"}),
		program.Category("Logs", program.LogFlags("info")...),
	)
}

func config(cmd *cli.Command, log *slog.Logger) *server.ServerConfig {
	return &server.ServerConfig{
		TLSCertFile:            cmd.String("cert"),
		TLSKeyFile:             cmd.String("key"),
		MaxIdleTimeout:         cmd.Duration("max-idle-timeout"),
		MaxIncomingStreams:     cmd.Int("max-incoming-streams"),
		HandshakeTimeout:       cmd.Duration("handshake-timeout"),
		HeartbeatCheckInterval: cmd.Duration("heartbeat-check-interval"),
		HeartbeatTimeout:       cmd.Duration("heartbeat-timeout"),
		MaxTimeoutCount:        cmd.Int("max-timeout-count"),
		MaxClients:             cmd.Int("max-clients"),
		MaxPromises:            cmd.Int("max-promises"),
		MaxPayload:             cmd.Int("max-payload"),
		MaxQueueBytes:          cmd.Int("max-queue"),
		ReconnectWindow:        cmd.Duration("reconnect-window"),
		Logger:                 log,
	}
}

// run serves until ctx ends, then drains.
func run(ctx context.Context, cmd *cli.Command) error {
	log, err := program.NewLogger(cmd, monitoring.LogLevelInfo)
	if err != nil {
		return err
	}
	d, err := program.NewDispatcher(cmd, log)
	if err != nil {
		return err
	}
	srv, err := server.NewServer(config(cmd, log))
	if err != nil {
		return err
	}
	srv.SetDispatcher(d)
	h := &hub{Server: srv, api: newAPI(srv, cmd.String("api"), log)}
	if err := h.start(cmd, log); err != nil {
		return err
	}
	select {
	case err = <-h.failed:
	case <-ctx.Done():
		log.Info("stopping", "reason", context.Cause(ctx), "drain_timeout", cmd.Duration("drain-timeout"))
	}
	return errors.Join(err, program.Drain(ctx, cmd, h.stop))
}
