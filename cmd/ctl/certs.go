package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/voilet/QuicFlow/internal/certs"
)

const (
	day     = 24 * time.Hour
	maxDays = int(certs.MaxValidity / day)
)

func certsCommand() *cli.Command {
	return &cli.Command{
		Name:  "certs",
		Usage: "make certificates for development: a CA, a server's and a client's",
		Description: "Writes ca.crt, server.crt and client.crt and their keys (ECDSA P-256, mode 0600).\n" +
			"The server's certificate is good for localhost, 127.0.0.1, ::1 and each -host.\n" +
			"Files that exist are replaced only with -force. With -keep-ca -force the server's\n" +
			"certificate is renewed: it keeps its key, so that clients notice a restart of the\n" +
			"hub as soon as ever, and its names, unless there is a -host.\n\n" +
			"Examples:\n" +
			"  quic-ctl certs -host hub.example.com -host 192.0.2.7\n" +
			"  quic-ctl certs -keep-ca -force    renew, clients keep trusting",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "dir", Value: "certs", Usage: "write to the folder `DIR`, made if need be"},
			&cli.StringSliceFlag{Name: "host", Usage: "`NAME` or IP address that clients dial, or several with commas between them"},
			&cli.StringFlag{Name: "client-id", Value: certs.DefaultClientID, Usage: "`ID` of the client that the client's certificate is for"},
			&cli.IntFlag{Name: "days", Value: int(certs.DefaultValidity / day), Validator: checkDays,
				Usage: fmt.Sprintf("the server's and the client's certificate are valid for `N` days, at most %d", maxDays)},
			&cli.BoolFlag{Name: "keep-ca", Usage: "issue from the CA in DIR instead of making a new one"},
			&cli.BoolFlag{Name: "new-key", Usage: "make a new key for the server also with -keep-ca -force, because somebody may have the old one"},
			&cli.BoolFlag{Name: "force", Usage: "replace files that exist"},
		},
		Action: makeCerts,
	}
}

func checkDays(n int) error {
	if n < 1 || n > maxDays {
		return fmt.Errorf("choose a number from 1 to %d", maxDays)
	}
	return nil
}

func makeCerts(_ context.Context, cmd *cli.Command) error {
	made, err := certs.Create(certs.Options{
		Dir:      cmd.String("dir"),
		Hosts:    listed(cmd.StringSlice("host")),
		ClientID: cmd.String("client-id"),
		Validity: time.Duration(cmd.Int("days")) * day,
		KeepCA:   cmd.Bool("keep-ca"),
		NewKey:   cmd.Bool("new-key"),
		Force:    cmd.Bool("force"),
	})
	if err != nil {
		return err
	}
	kept := ""
	if made.KeptKey != "" {
		kept = fmt.Sprintf("The server keeps its key, %s.\n", made.KeptKey)
	}
	_, err = fmt.Fprintf(cmd.Root().Writer, "%s\n%sThe server is %s; the client is %s.\nBoth certificates end on %s. Keep the .key files to yourself.\n",
		strings.Join(made.Files, "\n"), kept, strings.Join(made.Hosts, ", "), made.ClientID, made.NotAfter.Format(time.DateOnly))
	return err
}

// listed returns the values of a flag that can be repeated, each of which may be
// several, with commas between them.
func listed(values []string) (all []string) {
	for _, value := range values {
		for one := range strings.SplitSeq(value, ",") {
			all = append(all, strings.TrimSpace(one))
		}
	}
	return all
}
