package main

import (
	"context"
	"errors"
	"os"
	"strings"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/voilet/QuicFlow/internal/apiclient"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// withHub makes an Action of f, which works with the hub of -api.
func withHub(f func(context.Context, *cli.Command, *apiclient.Client) error) cli.ActionFunc {
	return func(ctx context.Context, cmd *cli.Command) error {
		hub, err := openHub(cmd)
		if err != nil {
			return err
		}
		defer hub.Close()
		return advise(cmd, f(ctx, cmd, hub))
	}
}

// openHub returns a client of the hub of -api.
func openHub(cmd *cli.Command) (*apiclient.Client, error) {
	o := apiclient.Options{Token: cmd.String("api-token"), Insecure: cmd.Bool("insecure")}
	for name, use := range map[string]func([]byte){
		"api-token-file": func(content []byte) { o.Token = strings.TrimSpace(string(content)) },
		"api-ca":         func(content []byte) { o.CA = content },
	} {
		path := cmd.String(name)
		if path == "" {
			continue
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return nil, qerrors.New(qerrors.InvalidConfig, "-%s cannot be read: %w", name, err)
		}
		use(content)
	}
	if cmd.String("api-token") != "" && cmd.String("api-token-file") != "" {
		return nil, qerrors.New(qerrors.InvalidConfig, "there are an -api-token and an -api-token-file: leave one out")
	}
	if strings.ContainsFunc(o.Token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil, qerrors.New(qerrors.InvalidConfig, "the token of the API has characters that no token has: the file of -api-token-file has a token and nothing else")
	}
	return apiclient.New(cmd.String("api"), o)
}

// advise adds what to do to errors of which only this program knows it.
func advise(cmd *cli.Command, err error) error {
	var e *qerrors.Error
	if !errors.As(err, &e) || e.Remote {
		return err
	}
	advised := *e
	switch {
	case e.Code == qerrors.UnknownClient:
		advised.Message += ": quic-ctl list shows who is"
	case e.Code == qerrors.Timeout && cmd.Duration("timeout") > 0:
		advised.Message += ": a longer -timeout may help"
	default:
		return err
	}
	return &advised
}

func jsonFlag() cli.Flag {
	return &cli.BoolFlag{Name: "json", Usage: "print JSON, as the HTTP API has it"}
}

// oneClient is the ArgValidator of a command that takes the id of a client that is there.
func oneClient(_ context.Context, cmd *cli.Command) error {
	return oneID(cmd, "; quic-ctl list shows all")
}

// newClient is that of a command for a client that has yet to come.
func newClient(_ context.Context, cmd *cli.Command) error { return oneID(cmd, "") }

func oneID(cmd *cli.Command, advice string) error {
	switch {
	case cmd.NArg() == 0:
		return qerrors.New(qerrors.InvalidConfig, "which client? Give its id, as in %s client-001%s", cmd.FullName(), advice)
	case cmd.NArg() > 1:
		return qerrors.New(qerrors.InvalidConfig, "unexpected argument %q: give one id, in quotes if it has spaces", cmd.Args().Get(1))
	}
	return nil
}

// completeClients completes the ids of connected clients, as an argument or as the
// value of -client, and the types of messages as that of -type.
func completeClients(ctx context.Context, cmd *cli.Command, flag, begun string) []string {
	switch {
	case flag == "type":
		return []string{"command", "event", "query"}
	case flag == "" && (cmd.ArgsUsage == "" || cmd.NArg() > 0), flag != "" && flag != "client":
		return nil
	}
	hub, err := openHub(cmd)
	if err != nil {
		return nil
	}
	defer hub.Close()
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second) // somebody waits at the keyboard
	defer cancel()
	page, err := hub.List(ctx, begun, 200)
	if err != nil {
		return nil // a shell has no place for errors
	}
	var words []string
	for _, client := range page.Clients {
		words = append(words, client.ClientID+"\t"+client.State+", "+client.RemoteAddr)
	}
	return words
}
