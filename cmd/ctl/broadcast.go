package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/voilet/QuicFlow/internal/apiclient"
	"github.com/voilet/QuicFlow/internal/console"
	"github.com/voilet/QuicFlow/internal/httpapi"
	"github.com/voilet/QuicFlow/internal/settings"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

func broadcastCommand() *cli.Command {
	return &cli.Command{
		Name:  "broadcast",
		Usage: "send a message to all connected clients",
		Description: "Done once it is queued for each of them. One whose queue is full, or that takes no\n" +
			"payload of this size, is left out: it is named, and the exit code is 1.\n\n" +
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
	return leftOut(reply)
}

func nameLeftOut(w io.Writer, failed map[string]string) {
	for _, id := range slices.Sorted(maps.Keys(failed)) {
		fmt.Fprintf(w, "%s: %s\n", console.Printable(id), console.Printable(failed[id]))
	}
}

// leftOut says of how many clients what became, and what to do.
func leftOut(reply httpapi.BroadcastReply) error {
	counts := map[string]int{}
	for _, code := range reply.Failed {
		counts[code]++
	}
	var reasons []string
	for _, code := range slices.Sorted(maps.Keys(counts)) {
		reasons = append(reasons, fmt.Sprintf("%d %s%s", counts[code], code, remedy(code)))
	}
	return fmt.Errorf("%d of %d clients were left out: %s", reply.FailedCount, reply.Total, strings.Join(reasons, "; "))
}

func remedy(name string) string {
	switch code, _ := qerrors.ParseCode(name); code {
	case qerrors.QueueFull:
		return " (send to them again when they have caught up)"
	case qerrors.PayloadTooLarge:
		return " (they take no payload of this size: send less, or raise their -max-payload)"
	case qerrors.Draining, qerrors.NotConnected, qerrors.ConnectionLost:
		return " (their connections were ending: send to them again when they are back)"
	default:
		return ""
	}
}
