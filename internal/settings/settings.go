// Package settings turns a urfave/cli command into a program whose every flag is
// also an environment variable and a key of a YAML file:
//
//	quic-server -heartbeat-interval 15s          # a flag beats
//	QUIC_HEARTBEAT_INTERVAL=15s quic-server      # the environment, which beats
//	quic-server -config hub.yaml                 # the file, which beats the default
//	heartbeat-interval: 15s                      # in hub.yaml
//
// The command declares plain flags, without Sources; this package adds -config,
// -h and the help text, and looks up what the command line leaves unset. A program
// with commands also gets "help" and "completion", which prints scripts for shells.
//
//	func main() { os.Exit(settings.Main(command(), settings.ExitCode)) }
//
// # Names
//
// The key of a flag is its name, behind the name of the command that declares it;
// the program itself is left out. Its variable is QUIC_ and the key in capitals
// with underscores ([Env]):
//
//	quic-server -max-clients     max-clients   QUIC_MAX_CLIENTS
//	quic-ctl certs -force        certs-force   QUIC_CERTS_FORCE
//
// So what a command declares for itself is safe from the other programs and
// commands that read the same environment, however plain its name. What several
// commands share is declared once, by the program: its -api is QUIC_API.
//
// All programs share the prefix, so that one environment file configures a
// machine; two programs that need different values of a flag with the same name
// get an environment or a file each. So do two clients: with the id of a running
// one, of QUIC_ID perhaps, quic-client -send takes its place, and the other ends;
// give it an -id of its own. QUIC_CONFIG names the file. A program with
// commands is used beside the others, in their environment, and could not read
// their file: its variable has its own name in it, QUIC_CTL_CONFIG for quic-ctl.
//
// An empty variable counts as unset. Variables that belong to no flag are ignored,
// since they may be another program's; keys that belong to no flag are errors. A
// file may have the keys of all commands.
//
// # Lists
//
// A flag that can be repeated takes a list in the file, and commas between the
// values in the environment. On the command line and in the file a comma is part
// of the value.
//
// # Limits
//
// The Action of a flag runs only for a value of the command line; check values in
// the Action of the command. Flags within MutuallyExclusiveFlags are not looked up.
package settings

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"unicode"

	"github.com/urfave/cli/v3"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// Main runs cmd with the arguments of the process and returns the code to exit
// with. The context of the Action ends at SIGINT or SIGTERM, with the signal in
// its cause; a second signal ends that of [SecondSignal], and a third one kills the
// process at once.
//
// An error is printed as one line on stderr, behind the name of the program.
// exitCode gives its exit code; nil means [ExitCode]. cmd cannot be used again.
func Main(cmd *cli.Command, exitCode func(error) int) int {
	ctx, stop := signaled()
	defer stop()

	err := Run(ctx, cmd, os.Args)
	if err == nil {
		return 0
	}
	fmt.Fprintf(cmd.ErrWriter, "%s: %s\n", cmd.Name, oneLine(err))
	if exitCode == nil {
		exitCode = ExitCode
	}
	return exitCode(err)
}

// ExitCode returns 0 for nil, 2 for a mistake in the flags, the environment or
// the file (code InvalidConfig), which no restart mends, and 1 for other errors.
func ExitCode(err error) int {
	switch {
	case err == nil:
		return 0
	case errors.Is(err, qerrors.ErrInvalidConfig):
		return 2
	default:
		return 1
	}
}

// Run is what Main does without touching the process: it runs cmd with args, the
// first of which is the program's name, and returns the error of its Action.
// Errors of its own have the code InvalidConfig. A request for help is no error.
// cmd cannot be used again.
func Run(ctx context.Context, cmd *cli.Command, args []string) error {
	if cmd.ErrWriter == nil {
		cmd.ErrWriter = os.Stderr
	}
	p := newProgram(cmd, args)
	err := p.root.Run(ctx, p.args)
	if errors.Is(err, errHelp) {
		return nil
	}
	return err
}

// Version returns the version of the program that cmd belongs to. What -version prints
// has that of Go as well.
func Version(cmd *cli.Command) string { return cmd.Root().Metadata[metadataKey].(*program).version }

// Env returns the environment variable of a key: QUIC_LOG_LEVEL for log-level.
func Env(key string) string {
	return "QUIC_" + strings.ToUpper(strings.ReplaceAll(key, "-", "_"))
}

// oneLine returns the text of err for a terminal. A mistake of the caller is
// explained by its message; the code is left for the errors that are looked up.
func oneLine(err error) string {
	if joined, ok := err.(interface{ Unwrap() []error }); ok && len(joined.Unwrap()) == 1 {
		err = joined.Unwrap()[0] // nothing else has failed
	}
	text := err.Error()
	if e, ok := err.(*qerrors.Error); ok && e.Code == qerrors.InvalidConfig {
		text = e.Message
	}
	lines := strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' })
	return strings.Map(printable, strings.Join(lines, "; "))
}

// printable keeps what a peer made an error say from steering the terminal.
func printable(r rune) rune {
	if !unicode.IsPrint(r) {
		return ' '
	}
	return r
}
