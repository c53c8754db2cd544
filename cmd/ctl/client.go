package main

import (
	"context"
	"fmt"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/voilet/QuicFlow/internal/apiclient"
	"github.com/voilet/QuicFlow/internal/console"
	"github.com/voilet/QuicFlow/internal/settings"
)

func getCommand() *cli.Command {
	return &cli.Command{
		Name:          "get",
		Usage:         "show all that the hub knows of one client",
		ArgsUsage:     "ID",
		Description:   "Example:\n  quic-ctl get client-001",
		Flags:         []cli.Flag{jsonFlag()},
		ArgValidator:  oneClient,
		ShellComplete: settings.Complete(completeClients),
		Action:        withHub(get),
	}
}

func get(ctx context.Context, cmd *cli.Command, hub *apiclient.Client) error {
	c, err := hub.Client(ctx, cmd.Args().First())
	if err != nil {
		return err
	}
	out := cmd.Root().Writer
	if cmd.Bool("json") {
		return console.WriteJSON(out, c, false)
	}
	uptime, silence := c.Ages()
	traffic := func(messages, bytes, failed uint64) string {
		return fmt.Sprintf("%d messages with %d bytes, %d failed", messages, bytes, failed)
	}
	for _, field := range [][2]string{
		{"client", c.ClientID},
		{"address", c.RemoteAddr},
		{"session", c.SessionID},
		{"state", c.State},
		{"connected", time.UnixMilli(c.ConnectedAt).Format(time.DateTime) + ", for " + console.Age(uptime)},
		{"last heard of", console.Age(silence) + " ago"},
		{"round trip", console.Millis(c.RTTMillis)},
		{"packets lost", fmt.Sprint(c.PacketsLost)},
		{"queued", fmt.Sprintf("%d bytes, %d messages dropped", c.QueuedBytes, c.MessagesDropped)},
		{"received", traffic(c.MessagesReceived, c.BytesReceived, c.HandlerFailures)},
		{"sent", traffic(c.MessagesSent, c.BytesSent, c.SendFailures)},
	} {
		if _, err := fmt.Fprintf(out, "%-14s %s\n", field[0], console.Printable(field[1])); err != nil {
			return err
		}
	}
	return nil
}

func disconnectCommand() *cli.Command {
	return &cli.Command{
		Name:      "disconnect",
		Usage:     "close the connection of one client",
		ArgsUsage: "ID",
		Description: "At once: what is under way is lost. A client that reconnects by itself comes\n" +
			"back.\n\nExample:\n  quic-ctl disconnect client-001",
		ArgValidator:  oneClient,
		ShellComplete: settings.Complete(completeClients),
		Action:        withHub(disconnect),
	}
}

func disconnect(ctx context.Context, cmd *cli.Command, hub *apiclient.Client) error {
	id := cmd.Args().First()
	if err := hub.Disconnect(ctx, id); err != nil {
		return err
	}
	_, err := fmt.Fprintf(cmd.Root().Writer, "disconnected %s\n", console.Printable(id))
	return err
}
