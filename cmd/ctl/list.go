package main

import (
	"context"
	"fmt"
	"math"
	"strconv"

	"github.com/urfave/cli/v3"

	"github.com/voilet/QuicFlow/internal/apiclient"
	"github.com/voilet/QuicFlow/internal/console"
	"github.com/voilet/QuicFlow/internal/program"
)

func listCommand() *cli.Command {
	return &cli.Command{
		Name:  "list",
		Usage: "list the connected clients",
		Description: "IN is what came from the client, OUT what went to it, QUEUED the bytes that wait.\n" +
			"FAILED are messages either way that were not answered with success, DROPPED the\n" +
			"broadcasts that left the client out, LOST packets, which QUIC sent again.\n\n" +
			"Examples:\n" +
			"  quic-ctl list -prefix edge-\n" +
			"  quic-ctl list -json | jq -r '.clients[].client_id'",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "prefix", Usage: "only clients whose ids begin with `TEXT`"},
			&cli.IntFlag{Name: "limit", DefaultText: "0, all", Validator: program.Within(0, math.MaxInt32), Usage: "list at most `N` clients"},
			jsonFlag(),
		},
		Action: withHub(list),
	}
}

func list(ctx context.Context, cmd *cli.Command, hub *apiclient.Client) error {
	page, err := hub.List(ctx, cmd.String("prefix"), cmd.Int("limit"))
	if err != nil {
		return err
	}
	out := cmd.Root().Writer
	if cmd.Bool("json") {
		return console.WriteJSON(out, page, false)
	}
	table := console.Table{Colours: console.ColoursFor(out), Columns: []console.Column{
		{Title: "CLIENT"}, {Title: "ADDRESS"}, {Title: "STATE"}, {Title: "UPTIME", Right: true}, {Title: "SEEN", Right: true}, {Title: "RTT", Right: true},
		{Title: "IN", Right: true}, {Title: "BYTES IN", Right: true}, {Title: "OUT", Right: true}, {Title: "BYTES OUT", Right: true},
		{Title: "QUEUED", Right: true}, {Title: "FAILED", Right: true}, {Title: "DROPPED", Right: true}, {Title: "LOST", Right: true},
	}}
	for _, c := range page.Clients {
		colour := ""
		if c.State != "connected" {
			colour = table.Colours.Yellow
		}
		uptime, silence := c.Ages()
		table.Row(colour, c.ClientID, c.RemoteAddr, c.State, console.Age(uptime), console.Age(silence), console.Millis(c.RTTMillis),
			strconv.FormatUint(c.MessagesReceived, 10), console.Bytes(float64(c.BytesReceived)),
			strconv.FormatUint(c.MessagesSent, 10), console.Bytes(float64(c.BytesSent)), console.Bytes(float64(c.QueuedBytes)),
			strconv.FormatUint(c.Failures(), 10), strconv.FormatUint(c.MessagesDropped, 10), strconv.FormatUint(c.PacketsLost, 10))
	}
	if err := table.Write(out); err != nil {
		return err
	}
	if shown := len(page.Clients); shown < page.Total {
		fmt.Fprintf(cmd.Root().ErrWriter, "%d of %d clients; -limit 0 lists all\n", shown, page.Total)
	}
	return nil
}
