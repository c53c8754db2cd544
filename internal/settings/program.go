package settings

import (
	"context"
	"fmt"
	"runtime"

	"github.com/urfave/cli/v3"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// program is a command and what this package adds to it.
type program struct {
	root    *cli.Command
	version string   // of root, which also shows that of Go
	args    []string // without the word to complete
	word    string   // the word to complete, if that is asked for
	config  *cli.StringFlag
	help    *helpFlag

	sources map[string]string // by key, what has set a flag other than the file
}

func newProgram(root *cli.Command, args []string) *program {
	p := &program{
		root:    root,
		version: root.Version,
		args:    args,
		config: &cli.StringFlag{
			Name:      "config",
			Usage:     "YAML `FILE` with a line for each setting, see below",
			TakesFile: true,
		},
		help:    newHelpFlag(),
		sources: map[string]string{},
	}
	p.takeWord()
	if root.Version != "" {
		root.Version = fmt.Sprintf("%s (%s %s/%s)", root.Version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	}
	if root.Metadata == nil {
		root.Metadata = map[string]any{}
	}
	root.Metadata[metadataKey] = p
	root.HideHelp = true                                                // ours has single dashes, defaults and variables
	root.ExitErrHandler = func(context.Context, *cli.Command, error) {} // the default one ends the process
	root.Flags = append(root.Flags, p.config, p.help)
	_ = root.Walk(p.wire)
	if len(root.Commands) > 0 {
		help := p.helpCommand()
		_ = p.explain(help)
		root.Commands = append(root.Commands, help)
		p.enableCompletion()
	}
	return p
}

// wire makes cmd look up its flags once its arguments are found good, which is
// before its Before and Action run. A group of commands has nothing to look up.
func (p *program) wire(cmd *cli.Command) error {
	group := cmd.Action == nil
	_ = p.explain(cmd)
	if group {
		return nil
	}
	check := cmd.ArgValidator
	cmd.ArgValidator = func(ctx context.Context, cmd *cli.Command) error {
		if err := check(ctx, cmd); err != nil {
			return err
		}
		return p.resolve(cmd)
	}
	return nil
}

// explain makes cmd report mistakes and complete words our way. It never fails.
func (p *program) explain(cmd *cli.Command) error {
	cmd.DisableSliceFlagSeparator = true
	cmd.OnUsageError = p.usageError
	values := cmd.ShellComplete
	cmd.ShellComplete = func(ctx context.Context, cmd *cli.Command) { p.complete(ctx, cmd, values) }
	if cmd.ArgValidator == nil {
		cmd.ArgValidator = rejectArguments
	}
	if cmd.Action == nil {
		cmd.Action = func(_ context.Context, cmd *cli.Command) error { return writeHelp(cmd) }
	}
	return nil
}

// usageError turns what the parser found wrong into an error that says what to do.
func (p *program) usageError(_ context.Context, cmd *cli.Command, err error, _ bool) error {
	if p.help.asked {
		if err := p.help.write(cmd); err != nil {
			return err
		}
		return errHelp
	}
	return qerrors.New(qerrors.InvalidConfig, "%s; %s", explanation(cmd, err.Error()), seeHelp(cmd))
}

// rejectArguments refuses positional arguments for a command that declares none.
func rejectArguments(_ context.Context, cmd *cli.Command) error {
	arg := cmd.Args().First()
	switch {
	case cmd.NArg() == 0 || cmd.ArgsUsage != "" || len(cmd.Arguments) > 0:
		return nil
	case len(cmd.VisibleCommands()) > 0:
		return qerrors.New(qerrors.InvalidConfig, "unknown command %q%s; %s",
			arg, didYouMean(nearest(arg, namesOfCommands(cmd))), seeHelp(cmd))
	case arg == "true" || arg == "false":
		return qerrors.New(qerrors.InvalidConfig,
			"unexpected argument %q: a flag that is on or off takes its value after =, as in -name=%s", arg, arg)
	default:
		return qerrors.New(qerrors.InvalidConfig, "unexpected argument %q; flags begin with a dash, %s", arg, seeHelp(cmd))
	}
}

func seeHelp(cmd *cli.Command) string { return "see " + cmd.FullName() + " -h" }
