package program_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/urfave/cli/v3"

	"github.com/voilet/QuicFlow/internal/program"
	"github.com/voilet/QuicFlow/internal/settings"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/transport/client"
)

// TestInFlags: mistakes in a configuration are told by the names of the flags that have
// made it, and others stay.
func TestInFlags(t *testing.T) {
	_, wrong := client.NewClient(&client.ClientConfig{ClientID: "a", HeartbeatTimeout: 1, MaxRetries: -1, MaxQueueBytes: -1})
	for _, test := range []struct {
		err          error
		want, orelse string
	}{
		{wrong, "-heartbeat-timeout is 1ns: use", "HeartbeatTimeout"},
		{wrong, "MaxRetries is -1: use", "-max-retries"}, // which this command does not have
		{wrong, "-max-queue is -1: use", "MaxQueue"},
		{qerrors.New(qerrors.InvalidConfig, "MaxPromises (-max-promises) is odd"), "invalid_config: -max-promises is odd", "Max"},
		{qerrors.New(qerrors.InvalidConfig, "open /etc/MaxPromises/a.crt: HeartbeatTimeout"), "open /etc/MaxPromises/a.crt: -heartbeat-timeout", "/-"},
		{qerrors.New(qerrors.Timeout, "HeartbeatTimeout"), "timeout: HeartbeatTimeout", "-"},
	} {
		got := run(t, func(cmd *cli.Command) error { return program.InFlags(cmd, test.err) })
		if qerrors.CodeOf(got) != qerrors.CodeOf(test.err) || !strings.Contains(got.Error(), test.want) || strings.Contains(got.Error(), test.orelse) {
			t.Errorf("%q; want %q, and not %q", got, test.want, test.orelse)
		}
	}
	if err := run(t, func(cmd *cli.Command) error { return program.InFlags(cmd, nil) }); err != nil {
		t.Errorf("no error became %v", err)
	}
}

// TestAccessOfHalfAPair: the error names the flag that is missing.
func TestAccessOfHalfAPair(t *testing.T) {
	for args, want := range map[string]string{
		"-api-cert a":            "-api-cert needs -api-key",
		"-api-key b":             "-api-key needs -api-cert",
		"-api-cert a -api-key b": "cannot be used: open a",
	} {
		err := settings.Run(t.Context(), &cli.Command{
			Name:  "test",
			Flags: program.AccessFlags("api", "the API"),
			Action: func(_ context.Context, cmd *cli.Command) error {
				_, err := program.NewAccess(cmd, slog.New(slog.DiscardHandler), "api")
				return err
			},
		}, append([]string{"test"}, strings.Fields(args)...))
		if !errors.Is(err, qerrors.ErrInvalidConfig) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; want %q", args, err, want)
		}
	}
}
