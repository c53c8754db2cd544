package tokens

import (
	"fmt"
	"os"

	"go.yaml.in/yaml/v4"

	"github.com/voilet/QuicFlow/internal/atomicfile"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

const heading = "# Tokens of clients. \"quic-ctl token\" edits this file; hubs read it again when it changes.\n"

type content struct {
	Tokens []Token `yaml:"tokens"`
}

// Parse reads a file of tokens. An empty one has none.
func Parse(text []byte) ([]Token, error) {
	var c content
	if len(text) > 0 {
		if err := yaml.Load(text, &c, yaml.WithKnownFields()); err != nil {
			return nil, qerrors.New(qerrors.InvalidConfig, "this is no file of tokens: make one with \"quic-ctl token add\": %w", err)
		}
	}
	seen := map[string]bool{}
	for _, t := range c.Tokens {
		if err := t.check(); err != nil {
			return nil, err
		}
		if seen[t.ID] {
			return nil, qerrors.New(qerrors.InvalidConfig, "the token %s is there twice", t.ID)
		}
		seen[t.ID] = true
	}
	return c.Tokens, nil
}

// Read reads the file at path.
func Read(path string) ([]Token, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, qerrors.New(qerrors.InvalidConfig, "the tokens cannot be read: %w", err)
	}
	all, err := Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return all, nil
}

// Edit replaces the tokens of the file at path by what change makes of them, in one step.
// Others who edit it wait. A file that is not there is made, with mode 0600.
func Edit(path string, change func([]Token) ([]Token, error)) error {
	return atomicfile.Edit(path, func(text []byte) ([]byte, error) {
		before, err := Parse(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		after, err := change(before)
		if err != nil {
			return nil, err
		}
		text, err = yaml.Dump(content{after})
		return append([]byte(heading), text...), err
	})
}
