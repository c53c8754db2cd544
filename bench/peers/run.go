package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/voilet/QuicFlow/internal/certs"
	"github.com/voilet/QuicFlow/internal/console"
	"github.com/voilet/QuicFlow/internal/load"
	"github.com/voilet/QuicFlow/internal/settings"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

func runCommand() *cli.Command {
	return &cli.Command{
		Name:  "run",
		Usage: "measure one system, as quic-bench run -spawn does ours",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "system", Required: true, Usage: "`SYSTEM` to measure: bare, grpc-stream, grpc-unary, nats or mqtt"},
			&cli.StringFlag{Name: "work", Value: string(load.Ack), Usage: "`WORK` to measure"},
			&cli.IntFlag{Name: "conns", Value: 1, Usage: "connections"},
			&cli.IntFlag{Name: "c", Value: 1, Usage: "messages in flight on each connection"},
			&settings.SizeFlag{Name: "size", Value: 128, Usage: "size of a payload"},
			&cli.IntFlag{Name: "rate", DefaultText: "as fast as it goes", Usage: "messages a second of all connections together"},
			&cli.DurationFlag{Name: "d", Value: 5 * time.Second, Usage: "how long to measure"},
			&cli.Int64Flag{Name: "n", DefaultText: "none", Usage: "how many messages to measure instead"},
			&cli.DurationFlag{Name: "warmup", Usage: "how long to do the same before, unmeasured"},
			&cli.BoolFlag{Name: "json", Usage: "report as one JSON object"},
		},
		Action: run,
	}
}

func run(ctx context.Context, cmd *cli.Command) error {
	s, err := systemNamed(cmd.String("system"))
	if err != nil {
		return err
	}
	spec := load.Spec{
		Work: load.Work(cmd.String("work")), Conns: cmd.Int("conns"), InFlight: cmd.Int("c"), Size: cmd.Int("size"),
		Rate: cmd.Int("rate"), Messages: cmd.Int64("n"), Warmup: cmd.Duration("warmup"),
	}
	if spec.Messages == 0 || cmd.IsSet("d") {
		spec.Duration = cmd.Duration("d")
	}
	if err := spec.Check(); err != nil {
		return err
	}
	if !s.can(spec.Work) {
		return qerrors.New(qerrors.InvalidConfig, "%s is not measured with -work %s", s.name, spec.Work)
	}
	report, err := once(ctx, s, spec)
	if err != nil {
		return err
	}
	if cmd.Bool("json") {
		err = console.WriteJSON(cmd.Root().Writer, report, false)
	} else {
		err = report.WriteSummary(cmd.Root().Writer)
	}
	if err == nil && report.Errors > 0 {
		err = fmt.Errorf("%d failed; the first failed because: %s", report.Errors, report.FirstError)
	}
	return err
}

// once starts a hub, does a run and stops the hub.
func once(ctx context.Context, s system, spec load.Spec) (report load.Report, err error) {
	dir, err := os.MkdirTemp("", "bench-peers-")
	if err != nil {
		return report, err
	}
	defer func() { _ = os.RemoveAll(dir) }() // in the folder for such things
	if _, err := certs.Create(certs.Options{Dir: dir}); err != nil {
		return report, err
	}
	secure, err := clientTLS(dir)
	if err != nil {
		return report, err
	}
	hub, addr, err := startHub(s, dir)
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, hub.stop()) }()
	if hub.dialer, err = s.open(addr, secure, spec.Work); err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, hub.Close()) }()
	return (&load.Run{Spec: spec, Network: hub}).Do(ctx)
}
