package main

import (
	"context"
	"log/slog"

	"github.com/urfave/cli/v3"

	"github.com/voilet/QuicFlow/internal/program"
)

// agent handles messages until ctx ends, or until the client gives up.
func agent(ctx context.Context, cmd *cli.Command, log *slog.Logger) error {
	d, err := program.NewDispatcher(cmd, log)
	if err != nil {
		return err
	}
	c, err := newClient(cmd, log, nil)
	if err != nil {
		return err
	}
	c.SetDispatcher(d)
	if err := connect(ctx, c, cmd.String("server")); err != nil {
		if ctx.Err() != nil {
			log.Info("stopped", "reason", context.Cause(ctx)) // before there was anything to do
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
	err = program.Drain(ctx, cmd, c.Close)
	log.Info("stopped", "in_order", err == nil)
	if gaveUp != nil {
		return gaveUp
	}
	return err
}
