// Command quic-bench measures the QUIC Backbone. It exits with 0 when all went
// well, 1 when something failed, messages included, 2 when a setting is wrong, and 3
// when no hub can be reached.
package main

import (
	"errors"
	"os"

	"github.com/urfave/cli/v3"

	"github.com/voilet/QuicFlow/internal/heap"
	"github.com/voilet/QuicFlow/internal/settings"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// version is set by the linker, see the Makefile.
var version = "dev"

func main() {
	heap.SetFloor(heap.Floor)
	os.Exit(settings.Main(command(), exitCode))
}

// exitCode tells a hub that is not there from one that does not cope.
func exitCode(err error) int {
	if errors.Is(err, qerrors.ErrUnreachable) {
		return 3
	}
	return settings.ExitCode(err)
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
