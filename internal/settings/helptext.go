package settings

import (
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v3"
)

const (
	lineWidth = 80
	textStart = 30 // where the explanations of flags and commands begin
)

const (
	plainNames   = `under its name in the file of -config, as in "log-level: debug"`
	commandNames = `in the file of -config under the variable's name without QUIC_, in lower case and with dashes, as in "certs-days: 90"`
	footer       = "A flag can also be set by its environment variable, or %s. A flag beats the environment, and the environment beats the file."
)

// writeHelp prints the help of cmd on the program's standard output.
func writeHelp(cmd *cli.Command) error {
	var b strings.Builder
	b.WriteString(cmd.FullName())
	if cmd.Usage != "" {
		b.WriteString(": " + cmd.Usage)
	}
	fmt.Fprintf(&b, "\n\nUsage:\n  %s\n", usageLine(cmd))
	if cmd.Description != "" {
		b.WriteString("\n" + strings.TrimSpace(cmd.Description) + "\n")
	}
	if commands := commandsOf(cmd); len(commands) > 0 {
		b.WriteString("\nCommands:\n")
		for _, sub := range commands {
			writeEntry(&b, strings.Join(sub.Names(), ", "), sub.Usage)
		}
	}
	writeFlags(&b, cmd, cmd.VisibleFlags(), "Flags")
	writeFlags(&b, cmd, cmd.VisiblePersistentFlags(), "Flags of all commands")
	names := plainNames
	if len(cmd.Root().VisibleCommands()) > 0 {
		names = commandNames
	}
	b.WriteString("\n" + strings.Join(wrap(fmt.Sprintf(footer, names), lineWidth), "\n") + "\n")
	_, err := io.WriteString(cmd.Root().Writer, b.String())
	return err
}

func usageLine(cmd *cli.Command) string {
	if cmd.UsageText != "" {
		return cmd.UsageText
	}
	line := cmd.FullName()
	if len(cmd.VisibleCommands()) > 0 {
		line += " COMMAND"
	}
	line += " [FLAGS]"
	if cmd.ArgsUsage != "" {
		line += " " + cmd.ArgsUsage
	}
	return line
}

// writeFlags prints flags under their categories, in the order in which they
// were declared; those without a category come last.
func writeFlags(b *strings.Builder, cmd *cli.Command, flags []cli.Flag, heading string) {
	var order []string
	groups := map[string][]cli.Flag{}
	for _, flag := range flags {
		category := ""
		if c, ok := flag.(cli.CategorizableFlag); ok {
			category = c.GetCategory()
		}
		if groups[category] == nil && category != "" {
			order = append(order, category)
		}
		groups[category] = append(groups[category], flag)
	}
	for _, category := range order {
		b.WriteString("\n" + category + ":\n")
		writeGroup(b, cmd, groups[category])
	}
	if rest := groups[""]; len(rest) > 0 {
		if len(order) > 0 {
			heading = "Other " + strings.ToLower(heading[:1]) + heading[1:]
		}
		b.WriteString("\n" + heading + ":\n")
		writeGroup(b, cmd, rest)
	}
}

func writeGroup(b *strings.Builder, cmd *cli.Command, flags []cli.Flag) {
	for _, flag := range flags {
		d, ok := describeFlag(cmd, flag)
		if !ok {
			continue
		}
		names := "-" + strings.Join(d.Names, ", -")
		if d.Placeholder != "" {
			names += " " + d.Placeholder
		}
		writeEntry(b, names, d.Usage, details(d))
	}
}

// unquote returns the name in back quotes within usage, as package flag does,
// and usage without the quotes.
func unquote(usage, placeholder string) (string, string) {
	before, rest, found := strings.Cut(usage, "`")
	word, after, closed := strings.Cut(rest, "`")
	if !found || !closed {
		return placeholder, usage
	}
	return word, before + word + after
}

// details returns the line about a flag's default and variable, if it has any.
func details(d FlagDescription) string {
	if d.Env == "" {
		return ""
	}
	line := "default " + d.Default
	if d.Required {
		line = "required"
	}
	line += ", env " + d.Env
	if d.Repeatable {
		line += ", repeatable"
	}
	return line
}

func defaultText(flag cli.Flag, doc cli.DocGenerationFlag) string {
	text := doc.GetDefaultText()
	if text == "" {
		text = value(flag, doc)
	}
	if text == "" {
		return "none"
	}
	return text
}

// value returns the default as a person would type it: GetValue quotes texts.
func value(flag cli.Flag, doc cli.DocGenerationFlag) string {
	switch flag := flag.(type) {
	case *cli.StringFlag:
		return flag.Value
	case *cli.StringSliceFlag:
		return strings.Join(flag.Value, ",")
	default:
		return doc.GetValue()
	}
}

// writeEntry prints a name and, in the column beside it, the paragraphs about it.
func writeEntry(b *strings.Builder, name string, paragraphs ...string) {
	line := "  " + name
	for _, paragraph := range paragraphs {
		for _, text := range wrap(paragraph, lineWidth-textStart) {
			if len(line) > textStart-2 {
				b.WriteString(line + "\n")
				line = ""
			}
			fmt.Fprintf(b, "%-*s%s\n", textStart, line, text)
			line = ""
		}
	}
	if line != "" {
		b.WriteString(line + "\n")
	}
}

// wrap breaks text into lines of at most width bytes, where words allow it.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && len(line)+1+len(word) > width {
			lines = append(lines, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}
