// Command bench-peers measures the same work over the QUIC Backbone and over what
// people use today, in the same run and with the same load, and writes what came
// out into a document.
//
//	bench-peers compare -bench bin/quic-bench       all of it; "make bench-peers"
//	bench-peers run -system nats -work ack -c 64    one measurement, as quic-bench does it
//
// Each system has its hub in one process, with the application that answers, and
// its load in another.
package main

import (
	"os"

	"github.com/urfave/cli/v3"

	"github.com/voilet/QuicFlow/internal/heap"
	"github.com/voilet/QuicFlow/internal/settings"
)

func main() {
	heap.SetFloor(heap.Floor) // as in ours
	os.Exit(settings.Main(command(), settings.ExitCode))
}

func command() *cli.Command {
	return &cli.Command{
		Name:     "bench-peers",
		Usage:    "compare the QUIC Backbone with other ways to send messages",
		Commands: []*cli.Command{compareCommand(), renderCommand(), runCommand(), serveCommand()},
	}
}
