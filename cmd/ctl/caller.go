package main

import (
	"bytes"
	"context"
	"fmt"

	"github.com/urfave/cli/v3"

	"github.com/voilet/QuicFlow/internal/atomicfile"
	"github.com/voilet/QuicFlow/internal/bearer"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

func addCallerCommand() *cli.Command {
	return &cli.Command{
		Name:      "add-caller",
		Usage:     "make a token for callers of a hub's HTTP API or metrics",
		ArgsUsage: "NAME",
		Description: "Prints the token, which is kept nowhere else, and adds its hash to the file that\n" +
			"the hub has as -api-token-file (or a client as -metrics-token-file). The NAME is\n" +
			"for the audit log. To revoke a token, delete its line; a hub reads the file again\n" +
			"within some seconds.\n\n" +
			"Example:\n" +
			"  quic-ctl add-caller -file api-tokens -scope read -out prometheus.token prometheus",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "file", TakesFile: true, Required: true, Usage: "add the hash to `FILE`, which is made if need be"},
			&cli.StringFlag{Name: "scope", Value: "admin", Validator: isScope, Usage: "what a caller may do: `SCOPE` read, to look, or admin, everything"},
			outFlag(),
		},
		Action: addCaller,
	}
}

func isScope(text string) error {
	_, err := bearer.ParseScope(text)
	return err
}

func addCaller(_ context.Context, cmd *cli.Command) error {
	if cmd.NArg() != 1 {
		return qerrors.New(qerrors.InvalidConfig, "whose token? Give one name, as in %s -file api-tokens prometheus", cmd.FullName())
	}
	who := bearer.Caller{Name: cmd.Args().First()}
	if err := bearer.CheckName(who.Name); err != nil {
		return qerrors.New(qerrors.InvalidConfig, "the name cannot be used: %w", err)
	}
	who.Scope, _ = bearer.ParseScope(cmd.String("scope")) // the flag has refused others
	return writeSecret(cmd, func() (string, error) {
		token := bearer.New()
		if err := addLine(cmd.String("file"), who, token); err != nil {
			return "", qerrors.New(qerrors.InvalidConfig, "the file of tokens stays as it was: %w", err)
		}
		return token, nil
	})
}

// addLine adds the line of a token to a file. The audit log could not tell two callers with
// one name apart, nor somebody whose line to delete.
func addLine(path string, who bearer.Caller, token string) error {
	return atomicfile.Edit(path, func(text []byte) ([]byte, error) {
		known, err := bearer.Parse(text) // it is another file, perhaps
		switch {
		case err != nil:
			return nil, err
		case known.Has(who.Name):
			return nil, fmt.Errorf("there is a caller %s already: delete its line, or use another name", who.Name)
		case len(text) > 0 && !bytes.HasSuffix(text, []byte("\n")):
			text = append(text, '\n')
		}
		return append(text, bearer.Line(who, token)+"\n"...), nil
	})
}
