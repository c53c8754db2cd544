// Command quic-ctl is the operator's tool of the QUIC Backbone. Each of its
// commands is a file of this package. It exits with 0 when the command did what
// was asked, 1 when that failed, and 2 when a setting is wrong.
package main

import (
	"os"

	"github.com/urfave/cli/v3"

	"github.com/voilet/QuicFlow/internal/settings"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// version is set by the linker, see the Makefile.
var version = "dev"

func main() { os.Exit(settings.Main(command(), exitCode)) }

// exitCode counts a client id that cannot be used among the settings.
func exitCode(err error) int {
	if qerrors.CodeOf(err) == qerrors.InvalidClientID {
		return 2
	}
	return settings.ExitCode(err)
}

func command() *cli.Command {
	return &cli.Command{
		Name:     "quic-ctl",
		Usage:    "operate a QUIC Backbone",
		Version:  version,
		Commands: []*cli.Command{certsCommand(), versionCommand()},
	}
}
