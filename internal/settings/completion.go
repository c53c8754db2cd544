package settings

import (
	"context"
	"fmt"
	"strings"

	"github.com/urfave/cli/v3"
)

// enableCompletion adds "completion SHELL", which prints a script. The scripts are
// cli's; they run the program with what has been typed and a flag of cli behind it,
// which makes it print what may follow.
func (p *program) enableCompletion() {
	p.root.EnableShellCompletion = true
	p.root.ConfigureShellCompletionCommand = func(cmd *cli.Command) {
		cmd.Hidden = false
		cmd.Usage = "print the script that completes words in a shell"
		_ = cmd.Walk(p.explain)
	}
}

// complete prints the commands that may follow or, behind a dash, the flags. It
// is silent about the value of a flag: the scripts then offer files.
func (p *program) complete(_ context.Context, cmd *cli.Command) {
	w := cmd.Root().Writer
	begun, isFlag := strings.CutPrefix(p.lastWord(), "-")
	if !isFlag {
		for _, sub := range cmd.VisibleCommands() {
			fmt.Fprintf(w, "%s:%s\n", sub.Name, sub.Usage)
		}
		return
	}
	for _, flag := range append(cmd.VisibleFlags(), cmd.VisiblePersistentFlags()...) {
		doc, ok := flag.(cli.DocGenerationFlag)
		if name := name(flag); ok && strings.HasPrefix(name, begun) && name != begun {
			_, usage := unquote(doc.GetUsage(), "")
			fmt.Fprintf(w, "-%s:%s\n", name, usage)
		}
	}
}

// lastWord returns the word in front of cli's flag: the one to complete, if that
// begins with a dash, and else the one before it.
func (p *program) lastWord() string {
	return p.args[max(0, len(p.args)-2)]
}
