package main

import (
	"context"
	"fmt"

	"github.com/urfave/cli/v3"

	"github.com/voilet/QuicFlow/internal/apiclient"
	"github.com/voilet/QuicFlow/internal/console"
	"github.com/voilet/QuicFlow/internal/settings"
)

func qlogCommand() *cli.Command {
	return &cli.Command{
		Name:  "qlog",
		Usage: "trace what QUIC does on the connection of one client",
		Description: "The hub writes the trace to a file on its own machine, in the folder of its\n" +
			"-qlog-dir, until it is stopped or the connection ends.",
		Commands: []*cli.Command{{
			Name:          "start",
			Usage:         "begin a trace, and print the path of its file",
			ArgsUsage:     "ID",
			Description:   "A trace that is being written goes on.\n\nExample:\n  quic-ctl qlog start client-001",
			Flags:         []cli.Flag{jsonFlag()},
			ArgValidator:  oneClient,
			ShellComplete: settings.Complete(completeClients),
			Action:        withHub(startQlog),
		}, {
			Name:          "stop",
			Usage:         "end a trace",
			ArgsUsage:     "ID",
			Description:   "The file is complete then. It is fine if there is no trace.\n\nExample:\n  quic-ctl qlog stop client-001",
			ArgValidator:  oneClient,
			ShellComplete: settings.Complete(completeClients),
			Action:        withHub(stopQlog),
		}},
	}
}

func startQlog(ctx context.Context, cmd *cli.Command, hub *apiclient.Client) error {
	trace, err := hub.StartQlog(ctx, cmd.Args().First())
	if err != nil {
		return err
	}
	if cmd.Bool("json") {
		return console.WriteJSON(cmd.Root().Writer, trace, false)
	}
	_, err = fmt.Fprintln(cmd.Root().Writer, console.Printable(trace.Path))
	return err
}

func stopQlog(ctx context.Context, cmd *cli.Command, hub *apiclient.Client) error {
	id := cmd.Args().First()
	if err := hub.StopQlog(ctx, id); err != nil {
		return err
	}
	_, err := fmt.Fprintf(cmd.Root().Writer, "%s is not traced\n", console.Printable(id))
	return err
}
