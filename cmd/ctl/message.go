package main

import (
	"context"
	"errors"
	"os"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/voilet/QuicFlow/internal/console"
	"github.com/voilet/QuicFlow/internal/httpapi"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// maxPayload is the most that any hub takes.
const maxPayload = 64 << 20

// messageFlags are those of each message, which message reads.
func messageFlags(kind string) []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "type", Value: kind, Validator: checkType, Usage: "`TYPE` of the message: command, event or query"},
		&cli.StringFlag{Name: "payload", Usage: "`TEXT` to send, empty unless set; @FILE stands for what the file has, - for stdin"},
		&cli.StringSliceFlag{Name: "header", Usage: "header of the message, `KEY=VALUE`"},
	}
}

func checkType(name string) error {
	if _, ok := protocol.ParseMessageType(name); !ok {
		return errors.New("use command, event or query")
	}
	return nil
}

// message returns what the message flags say.
func message(ctx context.Context, cmd *cli.Command) (httpapi.BroadcastRequest, error) {
	content, err := payload(ctx, cmd)
	if err != nil {
		return httpapi.BroadcastRequest{}, err
	}
	headers := map[string]string{}
	for _, header := range cmd.StringSlice("header") {
		key, value, ok := strings.Cut(header, "=")
		if _, twice := headers[key]; !ok || key == "" || twice {
			return httpapi.BroadcastRequest{}, qerrors.New(qerrors.InvalidConfig, "header %q: write KEY=VALUE, each key once", header)
		}
		headers[key] = value
	}
	return httpapi.BroadcastRequest{Content: httpapi.NewContent(content), Type: cmd.String("type"), Headers: headers}, nil
}

// payload returns what -payload stands for.
func payload(ctx context.Context, cmd *cli.Command) ([]byte, error) {
	text := cmd.String("payload")
	name, isFile := strings.CutPrefix(text, "@")
	in := cmd.Root().Reader
	switch {
	case isFile:
		file, err := os.Open(name)
		if err != nil {
			return nil, qerrors.New(qerrors.InvalidConfig, "cannot read the payload: %w", err)
		}
		defer func() { _ = file.Close() }() // nothing was written
		in = file
	case text != "-":
		return []byte(text), nil
	}
	data, err := console.ReadAll(ctx, in, maxPayload)
	switch {
	case ctx.Err() != nil:
		return nil, qerrors.FromContext(ctx)
	case err != nil:
		return nil, qerrors.New(qerrors.InvalidConfig, "cannot read the payload: %w", err)
	case len(data) > maxPayload:
		return nil, qerrors.New(qerrors.PayloadTooLarge, "the payload has more than 64 MiB, the most that a hub can be told to take")
	}
	return data, nil
}
