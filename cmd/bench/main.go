// Command quic-bench measures the QUIC Backbone. It exits with 0 when all went
// well, 1 when something failed, messages included, and 2 when a setting is wrong.
package main

import (
	"os"

	"github.com/urfave/cli/v3"

	"github.com/voilet/QuicFlow/internal/heap"
	"github.com/voilet/QuicFlow/internal/settings"
)

// version is set by the linker, see the Makefile.
var version = "dev"

func main() {
	heap.SetFloor(heap.Floor)
	os.Exit(settings.Main(command(), settings.ExitCode))
}

func command() *cli.Command {
	return &cli.Command{
		Name:    "quic-bench",
		Usage:   "measure a QUIC Backbone",
		Version: version,
		Description: "run puts load on a hub and reports how it copes; serve is the hub for that.\n\n" +
			"Examples:\n" +
			"  quic-bench run -spawn -c 64                     a hub in a process of its own\n" +
			"  quic-bench run -spawn -rate 10000 -conns 100    latencies at a given rate\n" +
			"  quic-bench run -spawn -work idle -conns 10000   what a connection costs",
		Commands: []*cli.Command{runCommand(), serveCommand()},
	}
}
