package settings

import (
	"context"
	"strings"

	"github.com/urfave/cli/v3"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// program is a command and what this package adds to it.
type program struct {
	root   *cli.Command
	config *cli.StringFlag
	help   *helpFlag
}

func newProgram(root *cli.Command) *program {
	p := &program{
		root: root,
		config: &cli.StringFlag{
			Name:      "config",
			Usage:     "YAML `FILE` with a line for each setting: a flag's name, a colon, its value",
			TakesFile: true,
		},
		help: newHelpFlag(),
	}
	root.HideHelp = true                                                // ours has single dashes, defaults and variables
	root.ExitErrHandler = func(context.Context, *cli.Command, error) {} // the default one ends the process
	root.Flags = append(root.Flags, p.config, p.help)
	_ = root.Walk(p.wire)
	if len(root.Commands) > 0 {
		root.Commands = append(root.Commands, p.helpCommand())
	}
	return p
}

// wire makes cmd report mistakes our way and look up its flags once its
// arguments are found good, which is before its Before and Action run.
func (p *program) wire(cmd *cli.Command) error {
	cmd.DisableSliceFlagSeparator = true
	cmd.OnUsageError = p.usageError
	check := cmd.ArgValidator
	if check == nil {
		check = rejectArguments
	}
	if cmd.Action == nil { // all that a group of commands does is explain itself
		cmd.Action = func(_ context.Context, cmd *cli.Command) error { return writeHelp(cmd) }
		cmd.ArgValidator = check
		return nil
	}
	cmd.ArgValidator = func(ctx context.Context, cmd *cli.Command) error {
		if err := check(ctx, cmd); err != nil {
			return err
		}
		return p.resolve(cmd)
	}
	return nil
}

// usageError turns what the parser found wrong into an error that says what to do.
func (p *program) usageError(_ context.Context, cmd *cli.Command, err error, _ bool) error {
	if p.help.asked {
		if err := writeHelp(cmd); err != nil {
			return err
		}
		return errHelp
	}
	// The parser has no error type for this; should its words change, only the
	// suggestion is lost.
	name, unknown := strings.CutPrefix(err.Error(), "flag provided but not defined: -")
	if !unknown {
		return qerrors.New(qerrors.InvalidConfig, "%w; %s", err, seeHelp(cmd))
	}
	hint := nearest(name, append(cmd.VisibleFlags(), cmd.VisiblePersistentFlags()...))
	if hint != "" {
		hint = "-" + hint
	}
	return qerrors.New(qerrors.InvalidConfig, "unknown flag -%s%s; %s", name, didYouMean(hint), seeHelp(cmd))
}

// rejectArguments refuses positional arguments for a command that declares none.
func rejectArguments(_ context.Context, cmd *cli.Command) error {
	arg := cmd.Args().First()
	switch {
	case cmd.NArg() == 0 || cmd.ArgsUsage != "" || len(cmd.Arguments) > 0:
		return nil
	case len(cmd.VisibleCommands()) > 0:
		return qerrors.New(qerrors.InvalidConfig, "unknown command %q%s; %s",
			arg, didYouMean(cli.SuggestCommand(cmd.VisibleCommands(), arg)), seeHelp(cmd))
	case arg == "true" || arg == "false":
		return qerrors.New(qerrors.InvalidConfig,
			"unexpected argument %q: a flag that is on or off takes its value after =, as in -name=%s", arg, arg)
	default:
		return qerrors.New(qerrors.InvalidConfig, "unexpected argument %q; flags begin with a dash, %s", arg, seeHelp(cmd))
	}
}

func seeHelp(cmd *cli.Command) string { return "see " + cmd.FullName() + " -h" }

func didYouMean(name string) string {
	if name == "" {
		return ""
	}
	return " (did you mean " + name + "?)"
}

// nearest returns the name of the flag most like name, without a dash.
func nearest(name string, flags []cli.Flag) string {
	return strings.TrimLeft(cli.SuggestFlag(flags, name, true), "-")
}
