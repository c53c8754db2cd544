// Package program has what quic-server and quic-client have in common: the flags
// for logs, limits and handlers, and what is made of them.
//
// Values that cannot be meant are refused while the flags are read, with the name
// of the flag or variable, or the line of the file.
package program

import (
	"context"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/voilet/QuicFlow/pkg/dispatcher"
)

// DrainFlag is -drain-timeout, which [Drain] reads.
func DrainFlag() cli.Flag {
	return Duration("drain-timeout", 10*time.Second, "time for what is under way to finish after SIGINT or SIGTERM")
}

// killDelay is how long the programs of handlers have to be gone after their
// contexts ended.
const killDelay = 3 * time.Second

// Drain calls stop, which Server.Stop or Client.Close is, with the time of
// -drain-timeout. ctx has ended, or is ignored. When Drain returns, no handler
// runs any more, and so no program of one.
func Drain(ctx context.Context, cmd *cli.Command, d *dispatcher.Dispatcher, stop func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cmd.Duration("drain-timeout"))
	defer cancel()
	err := stop(ctx)
	// Handlers that were cancelled return soon, once their programs are killed.
	for end := time.Now().Add(killDelay); d.Stats().Busy > 0 && time.Now().Before(end); {
		time.Sleep(10 * time.Millisecond)
	}
	return err
}
