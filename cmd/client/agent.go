package main

import (
	"context"
	"errors"
	"log/slog"

	"github.com/urfave/cli/v3"

	"github.com/voilet/QuicFlow/internal/program"
	"github.com/voilet/QuicFlow/internal/tracing"
	"github.com/voilet/QuicFlow/pkg/transport/client"
)

// agent handles messages until ctx ends, or until the client gives up.
func agent(ctx context.Context, cmd *cli.Command, log *slog.Logger) error {
	d, err := program.NewDispatcher(cmd, log)
	if err != nil {
		return err
	}
	traces, err := program.NewTraces(ctx, cmd, cmd.String("id"), log)
	if err != nil {
		return err
	}
	c, err := newClient(cmd, log, nil, traces.TracerProvider())
	if err != nil {
		return err
	}
	c.SetDispatcher(d)
	access, err := program.NewAccess(cmd, log, "metrics")
	if err != nil {
		return err
	}
	monitor, err := program.OpenMonitor(cmd, log, access)
	if err != nil {
		return err
	}
	watching, unwatch := context.WithCancel(context.Background())
	watched, served := make(chan struct{}), make(chan error, 1)
	go func() { defer close(watched); access.Watch(watching, c.Reloads()) }()
	go func() { served <- monitor.Serve(program.NewMonitor(cmd, log, c.Registry(), c.Ready, access)) }()
	err = handle(ctx, cmd, c, traces, log)
	unwatch()
	<-watched
	if closed := errors.Join(monitor.Close(), <-served); err == nil {
		err = closed
	}
	return err
}

// handle connects c, and waits until it has done its work.
func handle(ctx context.Context, cmd *cli.Command, c *client.Client, traces *tracing.Exporter, log *slog.Logger) error {
	drain := func() error {
		return program.Drain(ctx, cmd, func(ctx context.Context) error {
			defer traces.Shutdown(ctx)
			return c.Close(ctx)
		})
	}
	log.Info("connecting", "client_id", cmd.String("id"), "remote", cmd.String("server")) // it may be long until there is more to say
	if err := connect(ctx, c, cmd.String("server"), drain); err != nil {
		if ctx.Err() != nil {
			log.Info("stopped", "reason", context.Cause(ctx)) // before there was much to do
			return nil
		}
		return err
	}
	var gaveUp error
	select {
	case <-c.Done():
		gaveUp = c.Err()
	case <-ctx.Done():
		log.Info("stopping", "reason", context.Cause(ctx), "drain_timeout", cmd.Duration("drain-timeout"))
	}
	err := drain()
	log.Info("stopped", "in_order", err == nil)
	if gaveUp != nil {
		return gaveUp
	}
	return err
}
