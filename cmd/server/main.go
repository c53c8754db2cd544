// Command quic-server is the hub of the QUIC Backbone. It exits with 0 when it
// was stopped in order, 1 when something failed or was cut off, and 2 when a
// setting is wrong.
package main

import (
	"context"
	"errors"
	"log/slog"
	"os"

	"github.com/google/uuid"
	"github.com/urfave/cli/v3"
	"go.opentelemetry.io/otel/trace"

	"github.com/voilet/QuicFlow/internal/heap"
	"github.com/voilet/QuicFlow/internal/program"
	"github.com/voilet/QuicFlow/internal/settings"
	"github.com/voilet/QuicFlow/pkg/monitoring"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

// version is set by the linker, see the Makefile.
var version = "dev"

func main() {
	heap.SetFloor(heap.Floor)
	os.Exit(settings.Main(command(), settings.ExitCode))
}

func command() *cli.Command {
	return &cli.Command{
		Name:    "quic-server",
		Usage:   "the hub of a QUIC Backbone",
		Version: version,
		Description: "Clients dial in over QUIC and keep one connection each. Each message that one\n" +
			"sends is acknowledged, or answered by the program of -handler or the URL of\n" +
			"-webhook; the log shows it with -log-level debug. SIGINT and SIGTERM let what is\n" +
			"under way finish; a second one cuts it off.\n\n" +
			"Examples:\n" +
			"  ./scripts/gen-certs.sh && quic-server\n" +
			"  quic-server -addr :9090 -handler 'jq -c .config'\n" +
			"  quic-server -webhook http://localhost:8000/ -webhook-secret-file webhook.key",
		Flags:  flags(),
		Action: run,
	}
}

func config(cmd *cli.Command, hooks *monitoring.EventHooks, log *slog.Logger, spans trace.TracerProvider) *server.ServerConfig {
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
		MaxClientsPerIP:        cmd.Int("max-clients-per-ip"),
		MaxConnectRatePerIP:    cmd.Int("max-connect-rate-per-ip"),
		MaxPending:             cmd.Int("max-pending"),
		AddressValidationFrom:  cmd.Int("address-validation-from"),
		MaxMessageRate:         cmd.Int("max-message-rate"),
		MaxByteRate:            cmd.Int("max-byte-rate"),
		MaxStreamWindow:        cmd.Int("max-stream-window"),
		MaxConnectionWindow:    cmd.Int("max-connection-window"),
		MaxQueueBytesTotal:     cmd.Int("max-queue-total"),
		MaxPromises:            cmd.Int("max-promises"),
		MaxPayload:             cmd.Int("max-payload"),
		MaxQueueBytes:          cmd.Int("max-queue"),
		ReconnectWindow:        cmd.Duration("reconnect-window"),
		ReconnectAddress:       cmd.String("reconnect-address"),
		SessionRetention:       cmd.Duration("session-retention"),
		QlogDir:                cmd.String("qlog-dir"),
		Logger:                 log,
		Hooks:                  hooks,
		TracerProvider:         spans,
	}
}

// run serves until ctx ends, then drains.
func run(ctx context.Context, cmd *cli.Command) error {
	log, err := program.NewLogger(cmd, monitoring.LogLevelInfo)
	if err != nil {
		return err
	}
	defer log.Close()
	ctx = log.RereadOnHangup(ctx, cmd)
	d, err := program.NewDispatcher(cmd, log.Logger)
	if err != nil {
		return err
	}
	traces, err := program.NewTraces(ctx, cmd, uuid.NewString(), log.Logger)
	if err != nil {
		return err
	}
	h, err := newHub(cmd, traces, log.Logger)
	if err != nil {
		return err
	}
	h.SetDispatcher(d)
	log.AlsoOnHangup(h.Reread)
	if err := h.start(cmd, log.Logger); err != nil {
		return err
	}
	select {
	case err = <-h.failed:
	case <-ctx.Done():
		log.Info("stopping", "reason", context.Cause(ctx), "drain_timeout", cmd.Duration("drain-timeout"))
	}
	return errors.Join(err, program.Drain(ctx, cmd, h.stop))
}
