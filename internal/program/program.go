// Package program has what quic-server and quic-client have in common: the flags
// for logs, traces, limits and handlers, and what is made of them.
//
// Values that cannot be meant are refused while the flags are read, with the name
// of the flag or variable, or the line of the file.
package program

import (
	"context"
	"fmt"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/voilet/QuicFlow/internal/settings"
)

// DrainFlag is -drain-timeout, which [Drain] reads.
func DrainFlag() cli.Flag {
	return Duration("drain-timeout", 10*time.Second, "time for what is under way to finish after SIGINT or SIGTERM")
}

// Drain calls stop, which Server.Stop or Client.Close is, with the time of
// -drain-timeout, which a second signal cuts short. It does not matter that ctx
// has ended.
func Drain(ctx context.Context, cmd *cli.Command, stop func(context.Context) error) error {
	limit := cmd.Duration("drain-timeout")
	ctx, cancel := context.WithTimeoutCause(settings.SecondSignal(ctx), limit, fmt.Errorf("the %v of -drain-timeout are over", limit))
	defer cancel()
	return stop(ctx)
}
