package program

import (
	"bytes"
	"log/slog"
	"os"

	"github.com/urfave/cli/v3"

	"github.com/voilet/QuicFlow/internal/webhook"
	"github.com/voilet/QuicFlow/pkg/dispatcher"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// WebhookFlags are -webhook, -webhook-secret, -webhook-secret-file and
// -webhook-concurrency, which [NewDispatcher] reads where they exist.
func WebhookFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "webhook", Usage: "`URL` to post each message to, of any type: payload as the body, result in the response, " +
			"failure if its status is not 2xx; in place of -handler"},
		// No validator: its error would repeat the value.
		&cli.StringFlag{Name: "webhook-secret", Usage: "`KEY` of the HMAC-SHA256 signature of each post; better in the environment or a file, " +
			"since other users of the machine can see command lines"},
		&cli.StringFlag{Name: "webhook-secret-file", TakesFile: true, Usage: "`FILE` with that key; a line break at its end is no part of it"},
		Count("webhook-concurrency", webhook.DefaultConcurrency, maxWorkers, "messages posted at once; there are as many workers unless -workers is set"),
	}
}

// newWebhook returns the handler of -webhook, or one that only acknowledges.
func newWebhook(cmd *cli.Command, log *slog.Logger) (dispatcher.Handler, error) {
	secret, err := webhookSecret(cmd)
	if err != nil {
		return nil, err
	}
	target := cmd.String("webhook")
	switch {
	case target == "" && secret != nil:
		return nil, qerrors.New(qerrors.InvalidConfig, "there is a secret for a webhook, and no webhook: set -webhook as well")
	case target == "":
		return dispatcher.HandlerFunc(acknowledge), nil
	case cmd.String("handler") != "":
		return nil, qerrors.New(qerrors.InvalidConfig, "both -handler and -webhook are set, and a message goes to one of them: leave one out")
	}
	return webhook.New(target, webhook.Options{
		Secret:      secret,
		Concurrency: cmd.Int("webhook-concurrency"),
		MaxResult:   cmd.Int("max-payload"),
		Logger:      log,
	})
}

// webhookSecret returns the key of the signature, or nil if there is to be none.
func webhookSecret(cmd *cli.Command) ([]byte, error) {
	secret, path := cmd.String("webhook-secret"), cmd.String("webhook-secret-file")
	switch {
	case path == "" && secret == "":
		return nil, nil
	case path == "":
		return []byte(secret), nil
	case secret != "":
		return nil, qerrors.New(qerrors.InvalidConfig, "both -webhook-secret and -webhook-secret-file are set: leave one out")
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, qerrors.New(qerrors.InvalidConfig, "cannot read the key of -webhook-secret-file: %w", err)
	}
	content = bytes.TrimSuffix(bytes.TrimSuffix(content, []byte("\n")), []byte("\r"))
	if len(content) == 0 {
		return nil, qerrors.New(qerrors.InvalidConfig, "the file of -webhook-secret-file, %s, is empty: write a key to it", path)
	}
	return content, nil
}

// workers returns how many messages are handled at once. All that wait for a
// webhook have a worker each.
func workers(cmd *cli.Command) int {
	if cmd.String("webhook") != "" && !cmd.IsSet("workers") {
		return max(cmd.Int("workers"), cmd.Int("webhook-concurrency"))
	}
	return cmd.Int("workers")
}
