package main

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"

	"github.com/voilet/QuicFlow/internal/settings"
)

// describe asks a program of cmd for its help, once.
func (r *reference) describe(program string) (settings.Description, error) {
	if d, ok := r.programs[program]; ok {
		return d, nil
	}
	var d settings.Description
	cmd := exec.Command("go", "run", "./cmd/"+program, "-help=json")
	cmd.Dir = r.root
	out, err := cmd.Output()
	if err != nil {
		return d, fmt.Errorf("%v: %w", cmd.Args, err)
	}
	err = json.Unmarshal(out, &d)
	r.programs[program] = d
	return d, err
}

// flags returns a table for each category of a program's flags.
func (r *reference) flags(program string) (string, error) {
	d, err := r.describe(program)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	category := "-"
	for _, f := range d.Flags {
		if f.Category != category {
			category = f.Category
			heading := category
			if heading == "" {
				heading = "Other flags"
			}
			fmt.Fprintf(&out, "\n**%s**\n\n", r.text(heading))
			out.WriteString(r.head("flag", "default", "environment", "key in the file", "meaning"))
		}
		out.WriteString(r.flag(f))
	}
	return strings.TrimPrefix(out.String(), "\n"), nil
}

func (r *reference) flag(f settings.FlagDescription) string {
	names := "-" + strings.Join(f.Names, ", -")
	if f.Placeholder != "" {
		names += " " + f.Placeholder
	}
	return row(code(names), r.standard(f), code(f.Env), code(f.Key), r.text(f.Usage))
}

// standard returns the default of a flag. One that is no value but a text for
// people is translated.
func (r *reference) standard(f settings.FlagDescription) string {
	switch {
	case f.Required:
		return r.text("required")
	case f.Default == "none":
		return r.text("none")
	case strings.Contains(f.Default, " "):
		return r.text(f.Default)
	default:
		return code(f.Default)
	}
}

// single returns commands, in place of each group those that are in it.
func single(commands []settings.Description) (all []settings.Description) {
	for _, c := range commands {
		if len(c.Commands) == 0 {
			all = append(all, c)
		}
		all = append(all, single(c.Commands)...)
	}
	return all
}

// commands returns a table of a program's commands.
func (r *reference) commands(program string) (string, error) {
	d, err := r.describe(program)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	out.WriteString(r.head("command", "what it does"))
	for _, c := range single(d.Commands) {
		out.WriteString(row(code(strings.TrimSpace(c.Name+" "+c.Args)), r.text(c.Usage)))
	}
	return out.String(), nil
}

// commandFlags returns a table of a program's own flags, and one for each command.
func (r *reference) commandFlags(program string) (string, error) {
	d, err := r.describe(program)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	for _, c := range append([]settings.Description{d}, single(d.Commands)...) {
		if len(c.Flags) == 0 {
			continue
		}
		fmt.Fprintf(&out, "\n**%s**\n\n", code(c.Name))
		out.WriteString(r.head("flag", "default", "environment", "key in the file", "meaning"))
		for _, f := range c.Flags {
			out.WriteString(r.flag(f))
		}
	}
	return strings.TrimPrefix(out.String(), "\n"), nil
}
