package settings

import (
	"slices"

	"github.com/urfave/cli/v3"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// metadataKey is where the root command keeps its program for [Reread].
const metadataKey = "settings"

// Reread sets flag, which is new and like the flag of cmd with the same name, from
// what the file of -config says by now. It leaves it unset if the file does not have
// its key any more. If the command line or the environment beats the file, it
// leaves it unset and returns what does: "-log-level" or "QUIC_LOG_LEVEL".
//
// Errors are those of a start with this file, except that the values of other keys
// are not looked at. Reread may be called from any goroutine while the Action of cmd
// runs, which has to be that of a program run by this package.
func Reread(cmd *cli.Command, flag cli.Flag) (beatenBy string, err error) {
	p := cmd.Root().Metadata[metadataKey].(*program)
	key, ok := p.keyOf(cmd, name(flag))
	if !ok {
		return "", qerrors.New(qerrors.Internal, "%s has no flag -%s", cmd.FullName(), name(flag))
	}
	if source := p.sources[key]; source != "" {
		return source, nil
	}
	file, err := p.openFile()
	if err != nil {
		return "", err
	}
	return "", file.apply(key, flag)
}

// keyOf returns the key of the flag that cmd declares or inherits under this name.
func (p *program) keyOf(cmd *cli.Command, flagName string) (string, bool) {
	for _, level := range cmd.Lineage() {
		for _, flag := range level.Flags {
			if slices.Contains(flag.Names(), flagName) {
				return key(level, flag), true
			}
		}
	}
	return "", false
}
