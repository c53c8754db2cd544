package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/voilet/QuicFlow/internal/apiclient"
	"github.com/voilet/QuicFlow/internal/console"
	"github.com/voilet/QuicFlow/internal/httpapi"
	"github.com/voilet/QuicFlow/internal/settings"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

func sendCommand() *cli.Command {
	return &cli.Command{
		Name:  "send",
		Usage: "send a message to one client",
		Description: "Done once it is queued or, with -wait-ack, once the client has handled it. Then\n" +
			"the result goes to stdout: as it is, or to a terminal with escapes for all that\n" +
			"could steer it. The reason of a failure goes to stderr.\n\n" +
			"Examples:\n" +
			"  quic-ctl send -client client-001 -type command -payload '{\"action\":\"restart\"}' -wait-ack\n" +
			"  quic-ctl send -client client-001 -payload @config.json -wait-ack -timeout 5s\n" +
			"  uptime | quic-ctl send -client client-001 -type event -payload -",
		Flags: slices.Concat([]cli.Flag{
			&cli.StringFlag{Name: "client", Required: true, Validator: checkClient, Usage: "send to the client with this `ID`"},
		}, messageFlags("command"), []cli.Flag{
			&cli.BoolFlag{Name: "wait-ack", Usage: "wait until the client has handled it, and print its answer"},
			&cli.DurationFlag{Name: "timeout", Value: 30 * time.Second, Validator: checkTimeout,
				Usage: "time for the answer or, without -wait-ack, for room in the client's queue"},
			jsonFlag(),
		}),
		ShellComplete: settings.Complete(completeClients),
		Action:        withHub(send),
	}
}

func checkClient(id string) error {
	if id == "" {
		return errors.New("give the id of a client; quic-ctl list shows all")
	}
	return nil
}

func checkTimeout(d time.Duration) error {
	if d < time.Millisecond || d > time.Hour {
		return errors.New("use a time from 1ms to 1h")
	}
	return nil
}

func send(ctx context.Context, cmd *cli.Command, hub *apiclient.Client) error {
	m, err := message(ctx, cmd)
	if err != nil {
		return err
	}
	reply, err := hub.Send(ctx, httpapi.SendRequest{
		Content: m.Content, ClientID: cmd.String("client"), Type: m.Type, Headers: m.Headers,
		WaitAck: cmd.Bool("wait-ack"), TimeoutMS: cmd.Duration("timeout").Milliseconds(),
	})
	if err != nil {
		return err
	}
	if err := printReply(cmd, reply); err != nil || reply.Success {
		return err
	}
	code, _ := qerrors.ParseCode(reply.Ack.Code)
	return &qerrors.Error{Code: code, Message: reply.Ack.Error, Remote: true}
}

func printReply(cmd *cli.Command, reply httpapi.SendReply) error {
	out := cmd.Root().Writer
	switch {
	case cmd.Bool("json"):
		return console.WriteJSON(out, reply, false)
	case reply.Ack == nil:
		_, err := fmt.Fprintf(out, "%s, message %s\n", console.Printable(reply.Message), console.Printable(reply.MsgID))
		return err
	case reply.Success:
		return console.WriteBytes(out, reply.Ack.Bytes())
	default:
		return nil
	}
}
