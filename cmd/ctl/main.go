// Command quic-ctl is the operator's tool of the QUIC Backbone. Each of its
// commands is a file of this package. It exits with 0 when the command did what
// was asked, 1 when that failed, and 2 when the command line is wrong.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/urfave/cli/v3"
)

// version is set by the linker, see the Makefile.
var version = "dev"

func main() {
	os.Exit(run(context.Background(), os.Args, os.Stdout, os.Stderr))
}

// run runs the command that args name and returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := &cli.Command{
		Name:                  "quic-ctl",
		Usage:                 "operate a QUIC Backbone",
		Version:               version,
		Commands:              []*cli.Command{certsCommand(), versionCommand()},
		Action:                help,
		OnUsageError:          onUsageError,
		EnableShellCompletion: true,
		Writer:                stdout,
		ErrWriter:             stderr,
		// Errors come back from Run, so that this function decides the exit code.
		ExitErrHandler: func(context.Context, *cli.Command, error) {},
	}
	err := root.Run(ctx, args)
	if err == nil {
		return 0
	}
	fmt.Fprintf(stderr, "quic-ctl: %v\n", err)
	if isUsage(err) {
		fmt.Fprintln(stderr, "Run quic-ctl -h, or quic-ctl COMMAND -h, to see what is possible.")
		return 2
	}
	return 1
}

// help is what happens without a command.
func help(_ context.Context, cmd *cli.Command) error {
	if cmd.Args().Present() {
		return usageError{fmt.Errorf("there is no command %q", cmd.Args().First())}
	}
	return cli.ShowRootCommandHelp(cmd)
}

// usageError is an error of the command line.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func onUsageError(_ context.Context, _ *cli.Command, err error, _ bool) error {
	return usageError{err}
}

// noArguments is the ArgValidator of a command that takes flags only.
func noArguments(_ context.Context, cmd *cli.Command) error {
	if cmd.Args().Present() {
		return usageError{fmt.Errorf("%s takes no arguments, only flags; got %q", cmd.Name, cmd.Args().First())}
	}
	return nil
}

// isUsage reports whether err is one of the command line. The library's own, for
// a help topic that does not exist, is an ExitCoder.
func isUsage(err error) bool {
	if _, ok := errors.AsType[usageError](err); ok {
		return true
	}
	_, ok := errors.AsType[cli.ExitCoder](err)
	return ok
}
