// Command quic-client is a client of the QUIC Backbone: an agent that handles the
// messages that the hub sends it, or, with -send, the sender of one message. It
// exits with 0 when it was stopped in order or the message was delivered, 1 when
// something failed, and 2 when a setting is wrong; with -send also with 3 when no hub
// can be reached, 4 when time ran out, and 130 when it was interrupted.
package main

import (
	"context"
	"log/slog"
	"os"

	"github.com/urfave/cli/v3"
	"go.opentelemetry.io/otel/trace"

	"github.com/voilet/QuicFlow/internal/program"
	"github.com/voilet/QuicFlow/internal/settings"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/monitoring"
	"github.com/voilet/QuicFlow/pkg/transport/client"
)

// version is set by the linker, see the Makefile.
var version = "dev"

func main() {
	cmd := command()
	os.Exit(settings.Main(cmd, func(err error) int { return exitCode(cmd.IsSet("send"), err) }))
}

// exitCode counts an id and an address that cannot be used among the settings. A
// sender has the exit codes of quic-ctl.
func exitCode(sending bool, err error) int {
	if sending {
		return program.ExitCode(err)
	}
	switch qerrors.CodeOf(err) {
	case qerrors.InvalidClientID, qerrors.BadAddress:
		return 2
	default:
		return settings.ExitCode(err)
	}
}

func command() *cli.Command {
	return &cli.Command{
		Name:    "quic-client",
		Usage:   "a client of a QUIC Backbone",
		Version: version,
		Description: "Keeps a connection to the hub. Each message that arrives is acknowledged, or\n" +
			"answered by the program of -handler; the log shows it with -log-level debug.\n" +
			"SIGINT and SIGTERM let what is under way finish; a second one cuts it off.\n\n" +
			"With -send it sends one message instead, and exits once that is delivered. With\n" +
			"-wait-ack it waits for the hub's answer: the result goes to stdout as it is, the\n" +
			"reason of a failure to stderr, with exit code 1; 3 is that no hub can be reached,\n" +
			"4 that time ran out.\n\n" +
			"Examples:\n" +
			"  quic-client -id client-001\n" +
			"  quic-client -id client-001 -handler 'sh -c \"systemctl restart app\"'\n" +
			"  quic-client -id client-002 -send 'disk full' -type event\n" +
			"  uptime | quic-client -id client-002 -send - -wait-ack -timeout 5s",
		Flags:  flags(),
		Before: check,
		Action: run,
	}
}

// check looks for the id before required flags are looked for: it can say how to
// name the client.
func check(ctx context.Context, cmd *cli.Command) (context.Context, error) {
	if cmd.String("id") == "" {
		return ctx, qerrors.New(qerrors.InvalidConfig, "the client has no name: give it one of its own, as in quic-client -id client-001")
	}
	return ctx, nil
}

func run(ctx context.Context, cmd *cli.Command) error {
	act, level, sending := agent, monitoring.LogLevelInfo, cmd.IsSet("send")
	if sending {
		act, level = send, monitoring.LogLevelWarn
	}
	log, err := program.NewLogger(cmd, level)
	if err != nil {
		return err
	}
	defer log.Close()
	if !sending {
		ctx = log.RereadOnHangup(ctx, cmd)
	}
	if cmd.Bool("insecure") {
		log.Warn("the hub's certificate is not checked: anyone on the way can read and change everything")
	}
	return act(ctx, cmd, log.Logger)
}

// connect is c.Connect, called off by stop, which closes c, when ctx ends. Then it
// returns ctx's cause. The connection may have been made in the same moment, and
// messages be under way.
func connect(ctx context.Context, c *client.Client, addr string, stop func() error) error {
	result := make(chan error, 1)
	go func() { result <- c.Connect(addr) }()
	select {
	case err := <-result:
		return err
	case <-ctx.Done():
		_ = stop()
		<-result
		return context.Cause(ctx)
	}
}

func newClient(cmd *cli.Command, log *slog.Logger, hooks *monitoring.EventHooks, spans trace.TracerProvider) (*client.Client, error) {
	c, err := client.NewClient(&client.ClientConfig{
		ClientID:               cmd.String("id"),
		Software:               "quic-client/" + version,
		TLSCAFile:              caFile(cmd),
		TLSCertFile:            cmd.String("cert"),
		TLSKeyFile:             cmd.String("key"),
		EnrollToken:            cmd.String("enroll-token"),
		RenewCertificate:       cmd.Bool("renew-cert"),
		Token:                  cmd.String("token"),
		TokenFile:              cmd.String("token-file"),
		ServerName:             cmd.String("server-name"),
		InsecureSkipVerify:     cmd.Bool("insecure"),
		ReconnectEnabled:       cmd.Bool("reconnect"),
		InitialBackoff:         cmd.Duration("initial-backoff"),
		MaxBackoff:             cmd.Duration("max-backoff"),
		MaxRetries:             cmd.Int("max-retries"),
		HeartbeatInterval:      cmd.Duration("heartbeat-interval"),
		HeartbeatTimeout:       cmd.Duration("heartbeat-timeout"),
		HeartbeatCheckInterval: cmd.Duration("heartbeat-check-interval"),
		MaxTimeoutCount:        cmd.Int("max-timeout-count"),
		MaxIdleTimeout:         cmd.Duration("max-idle-timeout"),
		HandshakeTimeout:       cmd.Duration("handshake-timeout"),
		MaxPromises:            cmd.Int("max-promises"),
		MaxPayload:             cmd.Int("max-payload"),
		MaxQueueBytes:          cmd.Int("max-queue"),
		Logger:                 log,
		Hooks:                  hooks,
		TracerProvider:         spans,
	})
	return c, program.InFlags(cmd, err)
}

// caFile returns the file of -ca. Without the flag it is where gen-certs.sh writes
// the development CA, if there is one; empty stands for the system's.
func caFile(cmd *cli.Command) string {
	if cmd.IsSet("ca") {
		return cmd.String("ca")
	}
	if _, err := os.Stat(developmentCA); err != nil {
		return ""
	}
	return developmentCA
}
