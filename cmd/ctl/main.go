// Command quic-ctl is the operator's tool of the QUIC Backbone. Each of its
// commands is a file of this package.
package main

import (
	"os"

	"github.com/urfave/cli/v3"

	"github.com/voilet/QuicFlow/internal/program"
	"github.com/voilet/QuicFlow/internal/settings"
)

// version is set by the linker, see the Makefile.
var version = "dev"

func main() { os.Exit(settings.Main(command(), program.ExitCode)) }

func command() *cli.Command {
	return &cli.Command{
		Name:    "quic-ctl",
		Usage:   "operate a QUIC Backbone",
		Version: version,
		Description: "Exits with 0 when it is done, 1 when it failed, was refused, or nobody knows\n" +
			"whether it was done, 2 when a flag or an argument is wrong, 3 when no hub can be\n" +
			"reached or it is being stopped, so that trying again may help, 4 when time ran\n" +
			"out, and 130 when it was interrupted.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "api", Value: "http://localhost:8475", Usage: "`URL` of the hub's HTTP API, or its host:port"},
			&cli.StringFlag{Name: "api-token", Usage: "`TOKEN` that the hub asks for; better in the environment or a file, since other users of the machine can see command lines"},
			&cli.StringFlag{Name: "api-token-file", TakesFile: true, Usage: "`FILE` with that token"},
			&cli.StringFlag{Name: "api-ca", TakesFile: true, Usage: "PEM `FILE` with the CA to trust where the API is https; the system's without it"},
			&cli.BoolFlag{Name: "insecure", Usage: "trust any certificate of the API: whoever is in between can read the token"},
		},
		Commands: []*cli.Command{
			listCommand(), getCommand(), sendCommand(), broadcastCommand(), disconnectCommand(),
			watchCommand(), topCommand(), qlogCommand(), policyCommand(), tokenCommand(), enrollTokenCommand(), certsCommand(),
			addCallerCommand(), versionCommand(),
		},
	}
}
