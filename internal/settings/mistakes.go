package settings

import (
	"fmt"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
	"github.com/urfave/cli/v3"
)

// explanation returns what the parser found wrong with the command line of cmd, in
// words that say what to do. The parser has no error types for it; should its words
// change, they are shown as they are.
func explanation(cmd *cli.Command, text string) string {
	if unknown, ok := strings.CutPrefix(text, "flag provided but not defined: -"); ok {
		hint := nearest(unknown, flagNames(cmd))
		if hint != "" {
			hint = "-" + hint
		}
		return "unknown flag -" + unknown + didYouMean(hint)
	}
	if strings.HasPrefix(text, "Required flag") {
		if missing := missingFlag(cmd); missing != nil {
			d, _ := describeFlag(cmd, missing)
			return fmt.Sprintf("the flag -%s %s is missing (%s)", name(missing), d.Placeholder, d.Usage)
		}
	}
	head, rest, _ := strings.Cut(text, `" for flag -`)
	flagName, cause, ok := strings.Cut(rest, ": ")
	if flag := findFlag(cmd, flagName); ok && flag != nil {
		return head + `" for flag -` + flagName + ": " + inWords(flag, cause)
	}
	return text
}

// inWords returns the cause for which a flag does not take a value. Where that is in
// the words of a parser, it says what the flag takes.
func inWords(flag cli.Flag, cause string) string {
	takes := kindOf(flag).example
	switch {
	case takes == "":
		return cause
	case strings.HasSuffix(cause, "value out of range"):
		return "out of range; it takes " + takes
	case strings.HasPrefix(cause, "strconv."), strings.HasPrefix(cause, "time: "), cause == "parse error":
		return "it takes " + takes
	default:
		return cause
	}
}

func shownFlags(cmd *cli.Command) []cli.Flag {
	return append(cmd.VisibleFlags(), cmd.VisiblePersistentFlags()...)
}

func flagNames(cmd *cli.Command) (names []string) {
	for _, flag := range shownFlags(cmd) {
		names = append(names, flag.Names()...)
	}
	return names
}

func namesOfCommands(cmd *cli.Command) (names []string) {
	for _, sub := range commandsOf(cmd) {
		names = append(names, sub.Names()...)
	}
	return names
}

// findFlag returns the flag that cmd has under a name, or nil.
func findFlag(cmd *cli.Command, flagName string) cli.Flag {
	for _, level := range cmd.Lineage() {
		for _, flag := range level.Flags {
			if slices.Contains(flag.Names(), flagName) {
				return flag
			}
		}
	}
	return nil
}

func missingFlag(cmd *cli.Command) cli.Flag {
	for _, flag := range cmd.Flags {
		if required, ok := flag.(cli.RequiredFlag); ok && required.IsRequired() && !flag.IsSet() {
			return flag
		}
	}
	return nil
}

func didYouMean(name string) string {
	if name == "" {
		return ""
	}
	return " (did you mean " + name + "?)"
}

// nearest returns the one of names that name may be meant to be: name is its first
// or last part, or no more than half of name, and three letters, are wrong. Otherwise
// it is empty.
func nearest(name string, names []string) string {
	best, fewest := "", min(len(name)/2, 3)+1
	for _, candidate := range names {
		wrong := levenshtein.ComputeDistance(name, candidate)
		if len(name) > 2 && (strings.HasPrefix(candidate, name) || strings.HasSuffix(candidate, "-"+name)) {
			wrong = min(wrong, 1)
		}
		if wrong < fewest {
			best, fewest = candidate, wrong
		}
	}
	return best
}
