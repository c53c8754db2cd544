package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/urfave/cli/v3"

	"github.com/voilet/QuicFlow/internal/apiclient"
	"github.com/voilet/QuicFlow/internal/console"
	"github.com/voilet/QuicFlow/internal/settings"
)

func broadcastCommand() *cli.Command {
	return &cli.Command{
		Name:  "broadcast",
		Usage: "send a message to all connected clients",
		Description: "Done once it is queued for each of them. One whose queue is full is left out:\n" +
			"it is named, and the exit code is 1.\n\n" +
			"Example:\n" +
			"  quic-ctl broadcast -payload '{\"event\":\"update\"}' -header version=7",
		Flags:         append(messageFlags("event"), jsonFlag()),
		ShellComplete: settings.Complete(completeClients),
		Action:        withHub(broadcast),
	}
}

func broadcast(ctx context.Context, cmd *cli.Command, hub *apiclient.Client) error {
	m, err := message(ctx, cmd)
	if err != nil {
		return err
	}
	reply, err := hub.Broadcast(ctx, m)
	if err != nil {
		return err
	}
	out := cmd.Root().Writer
	if cmd.Bool("json") {
		err = console.WriteJSON(out, reply, false)
	} else {
		_, err = fmt.Fprintf(out, "queued for %d of %d clients, message %s\n", reply.SuccessCount, reply.Total, console.Printable(reply.MsgID))
	}
	if err != nil || reply.Success {
		return err
	}
	nameLeftOut(cmd.Root().ErrWriter, reply.Failed)
	return fmt.Errorf("%d clients were left out: send to them again when they have caught up", reply.FailedCount)
}

func nameLeftOut(w io.Writer, failed map[string]string) {
	for _, id := range slices.Sorted(maps.Keys(failed)) {
		fmt.Fprintf(w, "%s: %s\n", console.Printable(id), console.Printable(failed[id]))
	}
}
