package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/urfave/cli/v3"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// outFlag is -out, which writeSecret reads.
func outFlag() cli.Flag {
	return &cli.StringFlag{Name: "out", TakesFile: true, Usage: "write the token to `FILE`, made for you alone to read, instead of to stdout"}
}

// writeSecret makes a token, and writes it where the caller wants it. A file is made first:
// a token that could not be written would be good all the same.
func writeSecret(cmd *cli.Command, create func() (string, error)) error {
	path := cmd.String("out")
	if path == "" {
		secret, err := create()
		if err == nil {
			_, err = fmt.Fprintln(cmd.Root().Writer, secret)
		}
		return err
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return qerrors.New(qerrors.InvalidConfig, "no token was made: -out has to name a file that can be made, and is not there yet: %w", err)
	}
	secret, err := create()
	if err == nil {
		_, err = fmt.Fprintln(file, secret)
	}
	if err = errors.Join(err, file.Close()); err != nil {
		_ = os.Remove(path) // it has nothing in it
	}
	return err
}
