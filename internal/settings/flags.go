package settings

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v3"
)

// kind is how a type of flag is presented.
type kind struct {
	placeholder string // stands for the value in the help
	example     string // what a value looks like, for errors
}

func kindOf(flag cli.Flag) kind {
	if _, ok := flag.(*SizeFlag); ok {
		return kind{"SIZE", "a size such as 1048576, 64KiB or 1MiB"}
	}
	doc, ok := flag.(cli.DocGenerationFlag)
	if !ok {
		return kind{placeholder: "VALUE"}
	}
	switch doc.TypeName() {
	case "bool":
		return kind{"", "true or false"}
	case "int", "uint":
		return kind{"N", "a whole number"}
	case "float":
		return kind{"X", "a number"}
	case "duration":
		return kind{"DURATION", "a duration such as 15s or 1m30s"}
	default:
		return kind{placeholder: "TEXT"}
	}
}

func name(flag cli.Flag) string { return flag.Names()[0] }

// key returns what the file calls a flag that cmd declares or inherits, and what
// its variable is made of. See Names in the documentation of the package.
func key(cmd *cli.Command, flag cli.Flag) string {
	if root := cmd.Root(); name(flag) == "config" && len(root.Commands) > 0 {
		return strings.TrimPrefix(root.Name, "quic-") + "-config"
	}
	for _, level := range cmd.Lineage() {
		if slices.Contains(level.Flags, flag) {
			return strings.Join(append(level.Path()[1:], name(flag)), "-")
		}
	}
	return name(flag) // one of MutuallyExclusiveFlags, which are not looked up
}

func repeatable(flag cli.Flag) bool {
	multi, ok := flag.(cli.DocGenerationMultiValueFlag)
	return ok && multi.IsMultiValueFlag()
}

// configurable reports whether the environment and the file can set the flag:
// not those that ask for something else than running, and not the file itself.
func configurable(flag cli.Flag) bool {
	return !slices.Contains([]string{"config", "help", "version"}, name(flag))
}
