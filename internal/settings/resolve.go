package settings

import (
	"os"
	"strings"

	"github.com/urfave/cli/v3"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// resolve sets the flags of cmd and its parents that the command line left unset.
// It does so itself rather than through cli.ValueSource, which has one string for
// a list and no way to say that a file is wrong.
func (p *program) resolve(cmd *cli.Command) error {
	file, err := p.openFile()
	if err != nil {
		return err
	}
	for _, level := range cmd.Lineage() {
		for _, flag := range level.Flags {
			if err := p.resolveFlag(key(level, flag), flag, file); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *program) resolveFlag(key string, flag cli.Flag, file *file) error {
	if !configurable(flag) {
		return nil
	}
	if flag.IsSet() {
		p.sources[key] = "-" + name(flag)
		return nil
	}
	if set, err := fromEnvironment(key, flag); set || err != nil {
		p.sources[key] = Env(key)
		return err
	}
	return file.apply(key, flag)
}

// openFile reads the file that -config or its variable names; nil if neither does.
func (p *program) openFile() (*file, error) {
	configKey := key(p.root, p.config)
	if _, err := fromEnvironment(configKey, p.config); err != nil {
		return nil, err
	}
	path := p.config.Get().(string)
	if path == "" {
		return nil, nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, qerrors.New(qerrors.InvalidConfig, "cannot read the settings: %w; correct -config or %s", err, Env(configKey))
	}
	var known []string
	_ = p.root.Walk(func(cmd *cli.Command) error {
		for _, flag := range cmd.Flags {
			if configurable(flag) {
				known = append(known, key(cmd, flag))
			}
		}
		return nil
	})
	return parseFile(path, data, known)
}

// fromEnvironment sets the flag from its variable and reports whether it did.
func fromEnvironment(key string, flag cli.Flag) (bool, error) {
	env := Env(key)
	text := os.Getenv(env)
	if text == "" || flag.IsSet() {
		return false, nil
	}
	values := []string{text}
	if repeatable(flag) {
		values = strings.Split(text, ",")
	}
	for _, value := range values {
		if err := flag.Set(name(flag), strings.TrimSpace(value)); err != nil {
			return false, wrongValue("environment variable "+env, flag, value, err)
		}
	}
	return true, nil
}

// wrongValue says where a value stands, and why the flag does not take it.
func wrongValue(where string, flag cli.Flag, value string, cause error) error {
	return qerrors.New(qerrors.InvalidConfig, "%s: cannot use %q: %s", where, value, inWords(flag, cause.Error()))
}
