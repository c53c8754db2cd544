package settings

import (
	"context"
	"errors"

	"github.com/urfave/cli/v3"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// errHelp ends the parsing of a command line that asks for help.
var errHelp = errors.New("help was asked for")

// helpFlag stops the parser where it stands, so that help is shown whatever else
// is wrong with the command line, the environment or the file.
type helpFlag struct {
	cli.BoolFlag
	asked bool
	json  bool
}

func newHelpFlag() *helpFlag {
	return &helpFlag{BoolFlag: cli.BoolFlag{Name: "help", Aliases: []string{"h"}, Usage: "show this help"}}
}

// Set is called by the parser for -h and -help, and for -help=json.
func (f *helpFlag) Set(_, value string) error {
	f.asked, f.json = true, value == "json"
	return errHelp
}

// write prints the help of cmd in the form that was asked for.
func (f *helpFlag) write(cmd *cli.Command) error {
	if f.json {
		return writeDescription(cmd)
	}
	return writeHelp(cmd)
}

// helpCommand is "help [COMMAND...]", for programs that have commands. It looks
// up no flags: help must not depend on a file being right.
func (p *program) helpCommand() *cli.Command {
	return &cli.Command{
		Name:      "help",
		Usage:     "show the help of a command",
		ArgsUsage: "[COMMAND...]",
		Action: func(_ context.Context, help *cli.Command) error {
			cmd, err := p.topic(help)
			if err != nil {
				return err
			}
			return writeHelp(cmd)
		},
		ShellComplete: Complete(func(_ context.Context, help *cli.Command, _, _ string) []string {
			cmd, err := p.topic(help)
			if err != nil {
				return nil
			}
			return visibleCommands(cmd)
		}),
	}
}

// topic returns the command that the arguments of help name.
func (p *program) topic(help *cli.Command) (*cli.Command, error) {
	cmd := p.root
	for _, name := range help.Args().Slice() {
		sub := cmd.Command(name)
		if sub == nil {
			return nil, qerrors.New(qerrors.InvalidConfig, "no command %q; %s", name, seeHelp(cmd))
		}
		cmd = sub
	}
	return cmd, nil
}
