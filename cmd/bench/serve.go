package main

import (
	"context"
	"errors"
	"io"
	"math"
	"net"
	"os"
	"sync"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/voilet/QuicFlow/internal/console"
	"github.com/voilet/QuicFlow/internal/program"
	"github.com/voilet/QuicFlow/pkg/dispatcher"
	"github.com/voilet/QuicFlow/pkg/monitoring"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

func serveCommand() *cli.Command {
	return &cli.Command{
		Name:  "serve",
		Usage: "be the hub for run: answer and count",
		Description: "Answers each command with its own payload, and counts it by the number that run\n" +
			"has put in it. At SIGINT or SIGTERM it lets what is under way finish and prints\n" +
			"one JSON object: received, unique, duplicated and out_of_order.\n\n" +
			"Whoever reaches it can make it work for them: keep it on a network that you trust.\n\n" +
			"Examples:\n" +
			"  quic-bench serve                          and quic-bench run -server localhost:8474 -insecure\n" +
			"  quic-bench serve -addr :8474 -cert certs/server.crt -key certs/server.key",
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "addr", Value: "127.0.0.1:8474", Validator: program.Address, Usage: "UDP `ADDRESS` to listen on, host:port or :port"},
			&cli.StringFlag{Name: "cert", Usage: "PEM `FILE` with the hub's certificate; without one it makes one for itself", TakesFile: true},
			&cli.StringFlag{Name: "key", Usage: "PEM `FILE` with its key", TakesFile: true},
			program.Count("workers", dispatcher.DefaultWorkers, maxWorkers, "messages handled at once"),
			program.Count("max-clients", 1_000_000, math.MaxInt32, "clients connected at once"),
			idleFlag(),
			program.DrainFlag(),
			&cli.BoolFlag{Name: "until-eof", Usage: "stop when stdin ends rather than at the first signal: what run -spawn does"},
		}, program.LimitFlags()...),
		Action: serve,
	}
}

const maxWorkers = 10_000

// idleFlag says how rare heartbeats may be: clients send two in that time.
func idleFlag() cli.Flag {
	return program.Duration("max-idle-timeout", 30*time.Second, "silence on the network that ends a connection")
}

// silence is for how long the other side may say nothing, if connections may be idle for so long.
func silence(idle time.Duration) time.Duration { return max(45*time.Second, idle) }

func serve(ctx context.Context, cmd *cli.Command) error {
	log := monitoring.NewLogger(monitoring.LogLevelInfo, "text")
	h, err := configuredHub(cmd)
	if err != nil {
		return program.InFlags(cmd, err)
	}
	if err := h.Start(cmd.String("addr")); err != nil {
		return err
	}
	log.Info("listening", "addr", h.Addr().String()) // not the hub's own, whose level would show each connection
	failed := make(chan error, 1)
	go func() { failed <- h.Wait() }()
	select {
	case err := <-failed:
		return err
	case <-end(ctx, cmd):
	}
	err = program.Drain(ctx, cmd, h.stop)
	return errors.Join(err, console.WriteJSON(cmd.Root().Writer, h.tally.Counts(), true))
}

// stop ends the hub, and what it does by itself, which may wait for clients.
func (h *hub) stop(ctx context.Context) error {
	var orders sync.WaitGroup
	orders.Go(h.orders.Stop)
	defer orders.Wait()
	return h.Stop(ctx)
}

// end is closed when the hub is to stop.
func end(ctx context.Context, cmd *cli.Command) <-chan struct{} {
	if !cmd.Bool("until-eof") {
		return ctx.Done()
	}
	over := make(chan struct{})
	go func() { // which ends with the process, should it end otherwise
		_, _ = io.Copy(io.Discard, os.Stdin)
		close(over)
	}()
	return over
}

// configuredHub returns the hub that the flags of serve ask for.
func configuredHub(cmd *cli.Command) (h *hub, err error) {
	with := func(cert, key, _ string) error {
		h, err = newHub(server.ServerConfig{
			TLSCertFile: cert, TLSKeyFile: key,
			MaxClients:     cmd.Int("max-clients"),
			MaxIdleTimeout: cmd.Duration("max-idle-timeout"), HeartbeatTimeout: silence(cmd.Duration("max-idle-timeout")),
			MaxPromises: cmd.Int("max-promises"), MaxPayload: cmd.Int("max-payload"), MaxQueueBytes: cmd.Int("max-queue"),
			Logger: monitoring.NewLogger(monitoring.LogLevelWarn, "text"),
		}, dispatcher.Config{Workers: cmd.Int("workers"), Timeout: orderTime})
		return err
	}
	if err := program.Together(cmd, "cert", "key"); err != nil {
		return nil, err
	}
	if cert := cmd.String("cert"); cert != "" {
		err = with(cert, cmd.String("key"), "")
		return h, err
	}
	var hosts []string
	if host, _, _ := net.SplitHostPort(cmd.String("addr")); host != "" {
		hosts = append(hosts, host)
	}
	err = withCertificates(hosts, with)
	return h, err
}
