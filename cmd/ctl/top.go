package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/voilet/QuicFlow/internal/apiclient"
	"github.com/voilet/QuicFlow/internal/console"
	"github.com/voilet/QuicFlow/internal/httpapi"
	"github.com/voilet/QuicFlow/internal/settings"
	"github.com/voilet/QuicFlow/internal/top"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

func topCommand() *cli.Command {
	return &cli.Command{
		Name:  "top",
		Usage: "show the clients and what they send and receive, live",
		Description: "Fills the terminal until q is typed. in is what comes from the client, out what\n" +
			"goes to it: messages and bytes of payload, for each second since the sample\n" +
			"before. queued are bytes that wait to be sent; failed are messages and lost are\n" +
			"packets, of the whole connection.\n\n" +
			"Example:\n" +
			"  quic-ctl top -prefix edge- -sort rtt",
		Flags: []cli.Flag{
			&cli.DurationFlag{Name: "interval", Value: 2 * time.Second, Validator: checkInterval, Usage: "time between two samples"},
			&cli.StringFlag{Name: "prefix", Usage: "only clients whose ids begin with `TEXT`"},
			&cli.StringFlag{Name: "sort", Value: "in/s", Validator: checkColumn, Usage: "sort by this `COLUMN`: " + strings.Join(top.Columns(), ", ")},
		},
		ShellComplete: settings.Complete(func(_ context.Context, _ *cli.Command, flag, _ string) []string {
			if flag == "sort" {
				return top.Columns()
			}
			return nil
		}),
		Action: withHub(runTop),
	}
}

func checkInterval(d time.Duration) error {
	if d < 100*time.Millisecond || d > time.Hour {
		return errors.New("use a time from 100ms to 1h")
	}
	return nil
}

func checkColumn(name string) error {
	if !slices.Contains(top.Columns(), name) {
		return fmt.Errorf("use one of %s", strings.Join(top.Columns(), ", "))
	}
	return nil
}

func runTop(ctx context.Context, cmd *cli.Command, hub *apiclient.Client) error {
	if !console.IsTerminal(cmd.Root().Writer) {
		return qerrors.New(qerrors.InvalidConfig, "top needs a terminal for its output; for anything else there is quic-ctl list -json")
	}
	list := func(ctx context.Context, prefix string) (httpapi.ClientPage, error) { return hub.List(ctx, prefix, 0) }
	return top.Run(ctx, list, top.Options{
		Hub:      hub.String(),
		Interval: cmd.Duration("interval"),
		Prefix:   cmd.String("prefix"),
		Sort:     cmd.String("sort"),
		Colours:  console.ColoursFor(cmd.Root().Writer),
	})
}
