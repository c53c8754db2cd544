package main

import (
	"context"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/voilet/QuicFlow/internal/program"
	"github.com/voilet/QuicFlow/internal/tokens"
)

func enrollTokenCommand() *cli.Command {
	return &cli.Command{
		Name:      "enroll-token",
		Usage:     "make a token with which one client gets its certificate from the hub, and print it",
		ArgsUsage: "ID",
		Description: "Works with the folder that the hub has as -enroll-dir, on the hub's machine, as the hub's\n" +
			"user. The token is good once, for the client with this id.\n\n" +
			"Example:\n  quic-ctl enroll-token -dir enroll -out client-001.token client-001",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "dir", Value: "enroll", Usage: "the `FOLDER` of tokens, made if need be", TakesFile: true},
			program.Duration("ttl", day, "time for which the token is good"),
			outFlag(),
		},
		ArgValidator: newClient,
		Action: func(_ context.Context, cmd *cli.Command) error {
			return writeSecret(cmd, func() (string, error) {
				return tokens.AddOnce(cmd.String("dir"), cmd.Args().First(), time.Now().Add(cmd.Duration("ttl")).Truncate(time.Second))
			})
		},
	}
}
