package settings

import (
	"encoding/json"

	"github.com/urfave/cli/v3"
)

// Description is the help of a command in a form for programs, which -help=json
// prints: what the reference tables of the documents are made from.
type Description struct {
	Name     string            `json:"name"` // with those of the commands that it is below
	Usage    string            `json:"usage"`
	Args     string            `json:"args,omitempty"`
	Flags    []FlagDescription `json:"flags,omitempty"`
	Commands []Description     `json:"commands,omitempty"`
}

// FlagDescription is a flag that a command declares itself.
type FlagDescription struct {
	Names       []string `json:"names"`
	Placeholder string   `json:"placeholder,omitempty"` // empty for one that takes no value
	Category    string   `json:"category,omitempty"`
	Usage       string   `json:"usage"`
	Default     string   `json:"default,omitempty"`
	Env         string   `json:"env,omitempty"` // empty for one that only the command line sets
	Key         string   `json:"key,omitempty"` // in the file of -config; likewise
	Required    bool     `json:"required,omitempty"`
	Repeatable  bool     `json:"repeatable,omitempty"`
}

func describe(cmd *cli.Command) Description {
	d := Description{Name: cmd.FullName(), Usage: cmd.Usage, Args: cmd.ArgsUsage}
	for _, flag := range cmd.Flags {
		if v, ok := flag.(cli.VisibleFlag); ok && !v.IsVisible() {
			continue
		}
		if f, ok := describeFlag(cmd, flag); ok {
			d.Flags = append(d.Flags, f)
		}
	}
	for _, sub := range commandsOf(cmd) {
		d.Commands = append(d.Commands, describe(sub))
	}
	return d
}

// commandsOf returns the commands that the help of cmd lists.
func commandsOf(cmd *cli.Command) []*cli.Command {
	commands := cmd.VisibleCommands()
	if help := cmd.Command("help"); help != nil && len(commands) > 0 {
		commands = append(commands, help) // cli hides any command of this name
	}
	return commands
}

// describeFlag returns what there is to say about a flag that cmd declares or
// inherits, and whether there is anything.
func describeFlag(cmd *cli.Command, flag cli.Flag) (FlagDescription, bool) {
	doc, ok := flag.(cli.DocGenerationFlag)
	if !ok {
		return FlagDescription{}, false
	}
	placeholder, usage := unquote(doc.GetUsage(), kindOf(flag).placeholder)
	d := FlagDescription{Names: flag.Names(), Usage: usage, Repeatable: repeatable(flag)}
	if doc.TakesValue() {
		d.Placeholder = placeholder
	}
	if c, ok := flag.(cli.CategorizableFlag); ok {
		d.Category = c.GetCategory()
	}
	if required, ok := flag.(cli.RequiredFlag); ok {
		d.Required = required.IsRequired()
	}
	if configurable(flag) || name(flag) == "config" {
		d.Default, d.Env = defaultText(flag, doc), Env(key(cmd, flag))
	}
	if configurable(flag) {
		d.Key = key(cmd, flag)
	}
	return d, true
}

func writeDescription(cmd *cli.Command) error {
	encoder := json.NewEncoder(cmd.Root().Writer)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(describe(cmd))
}
