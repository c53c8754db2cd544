package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"

	"github.com/urfave/cli/v3"

	"github.com/voilet/QuicFlow/internal/load"
)

func serveCommand() *cli.Command {
	return &cli.Command{
		Name:  "serve",
		Usage: "be the hub of a system, for run, which starts it",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "system", Required: true, Usage: "`SYSTEM` to be"},
			&cli.StringFlag{Name: "certs", Required: true, Usage: "`FOLDER` with certificates"},
		},
		Action: serve,
	}
}

func serve(ctx context.Context, cmd *cli.Command) (err error) {
	s, err := systemNamed(cmd.String("system"))
	if err != nil {
		return err
	}
	secure, err := serverTLS(cmd.String("certs"))
	if err != nil {
		return err
	}
	var tally load.Tally
	hub, err := s.serve(secure, &tally)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, hub.Close()) }()
	orders := load.NewOrders(hub, &tally)
	defer orders.Stop()
	// A signal of the terminal is for the parent, at whose end stdin ends.
	return obey(context.WithoutCancel(ctx), orders, hub.Addr(), os.Stdin, cmd.Root().Writer)
}

// obey carries out the orders that are lines of in, until it ends.
func obey(ctx context.Context, orders *load.Orders, addr string, in io.Reader, out io.Writer) error {
	answers := json.NewEncoder(out)
	if err := answers.Encode(greeting{addr}); err != nil {
		return err
	}
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadBytes('\n')
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		var r reply
		if r.Answer, err = orders.Handle(ctx, line); err != nil {
			r.Error = err.Error()
		}
		if err := answers.Encode(r); err != nil {
			return err
		}
	}
}
