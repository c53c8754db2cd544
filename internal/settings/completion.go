package settings

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/urfave/cli/v3"
)

// completionFlag is what the scripts of completionScript put behind the words of
// the command line, the last of which is to be completed. It is cli's.
const completionFlag = "--generate-shell-completion"

// Completer returns the words that may follow and begin with begun: an argument
// if flag is empty, or else a value of that flag. A word may have an explanation
// behind a tab. Where there is none the shell offers files.
type Completer func(ctx context.Context, cmd *cli.Command, flag, begun string) []string

// Complete makes f complete the words of a command, of which it is the
// ShellComplete. The flags of cmd have their values by then.
func Complete(f Completer) cli.ShellCompleteFunc {
	return func(ctx context.Context, cmd *cli.Command) {
		if r, ok := ctx.Value(requestKey{}).(*request); ok {
			r.found = f(ctx, cmd, r.flag, r.begun)
		}
	}
}

type requestKey struct{}

// request is a word to complete.
type request struct {
	flag  string // whose value it is, or none's
	begun string
	found []string
}

// enableCompletion adds "completion SHELL", which prints a script. cli's own
// scripts are not used: that for bash runs what is in the words that it offers, and
// so would run the id of a client.
func (p *program) enableCompletion() {
	p.root.EnableShellCompletion = true
	p.root.ConfigureShellCompletionCommand = func(cmd *cli.Command) {
		cmd.Hidden = false
		cmd.Usage = "print the script that completes words in a shell"
		cmd.Description = strings.ReplaceAll(completionHelp, "PROGRAM", p.root.Name)
		cmd.Commands = nil
		for _, shell := range []string{"bash", "zsh", "fish"} {
			cmd.Commands = append(cmd.Commands, &cli.Command{
				Name: shell, Usage: "print the script for " + shell,
				Action: func(context.Context, *cli.Command) error {
					_, err := fmt.Fprint(p.root.Writer, completionScript(shell, p.root.Name))
					return err
				},
			})
		}
		_ = cmd.Walk(p.explain)
	}
}

// takeWord takes the word to complete from args, so that the words before it can
// be parsed as they are.
func (p *program) takeWord() {
	if n := len(p.args); n > 2 && p.args[n-1] == completionFlag {
		p.word = p.args[n-2]
		p.args = append(slices.Clone(p.args[:n-2]), completionFlag)
	}
}

// complete prints what may stand for the word to complete, each on a line with an
// explanation behind a tab: flags behind a dash; else commands, or what values
// knows, which may be nil.
func (p *program) complete(ctx context.Context, cmd *cli.Command, values cli.ShellCompleteFunc) {
	r := &request{flag: p.awaited(cmd), begun: p.word}
	head := ""
	switch name, value, assigned := strings.Cut(p.word, "="); {
	case r.flag != "" || !strings.HasPrefix(p.word, "-") || slices.Contains(p.args, "--"):
	case assigned:
		r.flag, r.begun, head = strings.TrimLeft(name, "-"), value, name+"="
	default:
		dashes := "-"
		if strings.HasPrefix(p.word, "--") {
			dashes = "--"
		}
		p.print(dashes, visibleFlags(cmd))
		return
	}
	if r.flag == "" {
		p.print("", visibleCommands(cmd))
	}
	if values != nil {
		_ = p.resolve(cmd) // as far as that goes
		values(context.WithValue(ctx, requestKey{}, r), cmd)
		p.print(head, r.found)
	}
}

// awaited returns the name of the flag whose value is to be completed, if the last
// word before it is one.
func (p *program) awaited(cmd *cli.Command) string {
	last := p.args[max(0, len(p.args)-2)]
	if !strings.HasPrefix(last, "-") {
		return ""
	}
	for _, flag := range shownFlags(cmd) {
		doc, ok := flag.(cli.DocGenerationFlag)
		if ok && doc.TakesValue() && slices.Contains(flag.Names(), strings.TrimLeft(last, "-")) {
			return name(flag)
		}
	}
	return ""
}

func visibleFlags(cmd *cli.Command) []string {
	var words []string
	for _, flag := range shownFlags(cmd) {
		if doc, ok := flag.(cli.DocGenerationFlag); ok {
			_, usage := unquote(doc.GetUsage(), "")
			words = append(words, name(flag)+"\t"+usage)
		}
	}
	return words
}

func visibleCommands(cmd *cli.Command) []string {
	var words []string
	for _, sub := range cmd.VisibleCommands() {
		words = append(words, sub.Name+"\t"+sub.Usage)
	}
	if help := cmd.Command("help"); help != nil {
		words = append(words, help.Name+"\t"+help.Usage) // cli hides any command of this name
	}
	return words
}

// print prints the words that begin as the one to complete does, behind head.
func (p *program) print(head string, words []string) {
	for _, word := range words {
		text, explanation, _ := strings.Cut(word, "\t")
		text = head + text
		if strings.HasPrefix(text, p.word) && !strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
			fmt.Fprintf(p.root.Writer, "%s\t%s\n", text, strings.Map(printable, explanation))
		}
	}
}
