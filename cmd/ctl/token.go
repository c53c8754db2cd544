package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/voilet/QuicFlow/internal/console"
	"github.com/voilet/QuicFlow/internal/program"
	"github.com/voilet/QuicFlow/internal/tokens"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

func tokenCommand() *cli.Command {
	return &cli.Command{
		Name:  "token",
		Usage: "make, list and revoke the bearer tokens of clients",
		Description: "Works with the file that the hub reads with -token-file, on the hub's machine. The hub\n" +
			"notices a change by itself. The file has no secrets: only what tokens are recognized by.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "file", Value: "tokens.yaml", Usage: "the `FILE` of tokens", TakesFile: true},
		},
		Commands: []*cli.Command{{
			Name:  "add",
			Usage: "make a token, and print it: it is not shown again",
			Description: "Examples:\n" +
				"  quic-ctl token add -client client-001 -out client-001.token\n" +
				"  quic-ctl token add -prefix edge- -ttl 24h",
			Flags: []cli.Flag{
				&cli.StringFlag{Name: "client", Usage: "`ID` of the client that it is for"},
				&cli.StringFlag{Name: "prefix", Usage: "`TEXT` that the ids of the clients begin with that it is for, instead of -client"},
				program.Duration("ttl", 365*day, "time for which it is good"),
				outFlag(),
			},
			Action: addToken,
		}, {
			Name:   "list",
			Usage:  "list the tokens, without their secrets",
			Action: listTokens,
		}, {
			Name:         "revoke",
			Usage:        "take a token out; clients that are connected with it are disconnected",
			ArgsUsage:    "TOKEN_ID",
			Description:  "Example:\n  quic-ctl token revoke 7KQ2M4XWPA",
			ArgValidator: oneToken,
			Action:       revokeToken,
		}},
	}
}

func oneToken(_ context.Context, cmd *cli.Command) error {
	if cmd.NArg() != 1 {
		return qerrors.New(qerrors.InvalidConfig, "which token? Give one id, as quic-ctl token list shows it")
	}
	return nil
}

func addToken(_ context.Context, cmd *cli.Command) error {
	token, secret, err := tokens.New(tokens.Bearer, cmd.String("client"), cmd.String("prefix"), time.Now().Add(cmd.Duration("ttl")).Truncate(time.Second))
	if err != nil {
		return err
	}
	return writeSecret(cmd, func() (string, error) {
		return secret, tokens.Edit(cmd.String("file"), func(all []tokens.Token) ([]tokens.Token, error) { return append(all, token), nil })
	})
}

func listTokens(_ context.Context, cmd *cli.Command) error {
	all, err := tokens.Read(cmd.String("file"))
	if err != nil {
		return err
	}
	out := cmd.Root().Writer
	table := console.Table{Colours: console.ColoursFor(out), Columns: []console.Column{{Title: "ID"}, {Title: "CLIENT"}, {Title: "EXPIRES"}, {Title: "STATE"}}}
	for _, t := range all {
		client, expires, state := t.Client, "never", "good"
		if t.Prefix != "" {
			client = t.Prefix + "*"
		}
		if !t.Expires.IsZero() {
			expires = t.Expires.Format(time.RFC3339)
		}
		if t.Expired(time.Now()) {
			state = "expired"
		}
		table.Row("", t.ID, client, expires, state)
	}
	return table.Write(out)
}

func revokeToken(_ context.Context, cmd *cli.Command) error {
	id := cmd.Args().First()
	err := tokens.Edit(cmd.String("file"), func(all []tokens.Token) ([]tokens.Token, error) {
		left := slices.DeleteFunc(all, func(t tokens.Token) bool { return t.ID == id })
		if len(left) == len(all) {
			return nil, qerrors.New(qerrors.InvalidConfig, "there is no token %q: quic-ctl token list shows all", id)
		}
		return left, nil
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(cmd.Root().Writer, "token %s is revoked\n", console.Printable(id))
	return err
}
