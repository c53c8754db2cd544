package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/voilet/QuicFlow/internal/apiclient"
	"github.com/voilet/QuicFlow/internal/console"
	"github.com/voilet/QuicFlow/internal/eventlog"
	"github.com/voilet/QuicFlow/internal/settings"
)

// eventTypes are those that can be asked for; missed comes unasked.
func eventTypes() (types []string) {
	for _, kind := range eventlog.Kinds() {
		types = append(types, kind.String())
	}
	return types
}

func watchCommand() *cli.Command {
	return &cli.Command{
		Name:  "watch",
		Usage: "print what happens at the hub, as it happens",
		Description: "Goes on until it is interrupted. A lost connection is resumed where it ended;\n" +
			"what the hub no longer has of the time between is counted by an event named\n" +
			"missed.\n\n" +
			"Examples:\n" +
			"  quic-ctl watch -types connect,disconnect\n" +
			"  quic-ctl watch -json | jq -r 'select(.event == \"disconnect\") | .client_id'",
		Flags: []cli.Flag{
			&cli.StringSliceFlag{Name: "types", DefaultText: "all", Validator: checkTypes, Usage: "only events of these `TYPES`, with commas between them: " + strings.Join(eventTypes(), ", ")},
			&cli.Uint64Flag{Name: "after", DefaultText: "0, from now on", Usage: "begin after the event with the id `N`, as far as the hub still has what came then"},
			&cli.BoolFlag{Name: "json", Usage: "print a JSON object for each event, on a line of its own"},
		},
		ShellComplete: settings.Complete(func(_ context.Context, _ *cli.Command, flag, _ string) []string {
			if flag == "types" {
				return eventTypes()
			}
			return nil
		}),
		Action: withHub(watch),
	}
}

func checkTypes(values []string) error {
	for _, name := range listed(values) {
		if !slices.Contains(eventTypes(), name) {
			return fmt.Errorf("use some of %s", strings.Join(eventTypes(), ", "))
		}
	}
	return nil
}

func watch(ctx context.Context, cmd *cli.Command, hub *apiclient.Client) error {
	out, errs := cmd.Root().Writer, cmd.Root().ErrWriter
	colours := console.ColoursFor(out)
	err := hub.Watch(ctx, apiclient.Watch{
		Types: listed(cmd.StringSlice("types")),
		After: cmd.Uint64("after"),
		OnEvent: func(e apiclient.Event) error {
			if cmd.Bool("json") {
				return console.WriteJSON(out, e, true)
			}
			_, err := fmt.Fprintln(out, eventLine(e, colours))
			return err
		},
		OnRetry: func(err error, wait time.Duration) {
			fmt.Fprintf(errs, "%s: %s; next attempt in %v\n", cmd.Root().Name, console.Printable(err.Error()), wait.Round(time.Millisecond))
		},
	})
	if ctx.Err() != nil {
		return nil // that is how it ends
	}
	return err
}

// eventLine returns an event for people.
func eventLine(e apiclient.Event, colours console.Colours) string {
	colour := map[string]string{
		"connect": colours.Green, "disconnect": colours.Red, "heartbeat_timeout": colours.Yellow, "missed": colours.Yellow,
	}[e.Type]
	line := []string{
		time.UnixMilli(e.Time).Format("2006-01-02 15:04:05.000"),
		console.Paint(colour, console.Fit(console.Printable(e.Type), len("heartbeat_timeout"), false)),
	}
	details := []string{e.ClientID, e.MsgID, e.Code}
	if e.Reason != nil {
		details = append(details, *e.Reason)
	}
	for _, detail := range details {
		if detail != "" {
			line = append(line, console.Printable(detail))
		}
	}
	if e.Missed != nil && *e.Missed > 0 {
		line = append(line, fmt.Sprintf("the hub no longer has %d events that came before what follows", *e.Missed))
	}
	if e.Restarted {
		line = append(line, "the hub was started anew after the event that this goes on from; what came in between is not known")
	}
	return strings.Join(line, "  ")
}
