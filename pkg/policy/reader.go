package policy

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// reader reads YAML strictly: what it does not know is an error with its line.
type reader struct{ name string }

// field reads the value of one key.
type field func(value *yaml.Node) error

func (r *reader) wrong(n *yaml.Node, format string, args ...any) error {
	return r.wrongAt(n.Line, format, args...)
}

func (r *reader) wrongAt(line int, format string, args ...any) error {
	return qerrors.New(qerrors.InvalidConfig, fmt.Sprintf("%s:%d: ", r.name, max(line, 1))+format, args...)
}

// document returns the root of the one document that there is.
func (r *reader) document(data []byte) (*yaml.Node, error) {
	var documents []yaml.Node
	if err := yaml.Load(data, &documents, yaml.WithAllDocuments()); err != nil {
		if at := new(yaml.LoadError); errors.As(err, &at) && at.Mark.Line > 0 {
			return nil, r.wrongAt(at.Mark.Line, "not valid YAML: %s", at.Message)
		}
		return nil, r.wrongAt(1, "not valid YAML: %s", strings.TrimPrefix(err.Error(), "yaml: "))
	}
	switch {
	case len(documents) == 0 || len(documents[0].Content) == 0:
		return nil, r.wrongAt(1, "the file is empty: a policy has rules")
	case len(documents) > 1:
		return nil, r.wrong(&documents[1], "a second document begins here: put all rules into one")
	}
	return documents[0].Content[0], nil
}

// mapping reads the keys of n, each of which has to be known, and there once.
func (r *reader) mapping(n *yaml.Node, what string, known map[string]field) error {
	names := strings.Join(slices.Sorted(maps.Keys(known)), ", ")
	if n.Kind != yaml.MappingNode {
		return r.wrong(n, "%s is not a mapping: it has %s", what, names)
	}
	seen := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		read := known[key.Value]
		if read == nil {
			return r.wrong(key, "unknown key %q: %s has %s", key.Value, what, names)
		}
		if line, twice := seen[key.Value]; twice {
			return r.wrong(key, "%s is there a second time, first on line %d", key.Value, line)
		}
		seen[key.Value] = key.Line
		if err := read(n.Content[i+1]); err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) list(n *yaml.Node, read field) error {
	if n.Kind != yaml.SequenceNode {
		return r.wrong(n, "this is not a list: write [a, b], or a line with a dash for each")
	}
	for _, item := range n.Content {
		if err := read(item); err != nil {
			return err
		}
	}
	return nil
}

// text reads a text that is not empty. A link to another place of the file is none: they
// would let a short file be a huge policy.
func (r *reader) text(n *yaml.Node) (string, error) {
	if n.Kind != yaml.ScalarNode || n.Value == "" || n.ShortTag() == "!!null" {
		return "", r.wrong(n, "this is not a text")
	}
	return n.Value, nil
}

func (r *reader) patterns(n *yaml.Node, to *[]pattern, check func(string) error) error {
	return r.list(n, func(n *yaml.Node) error {
		text, err := r.text(n)
		if err != nil {
			return err
		}
		if err := check(text); err != nil {
			return r.wrong(n, "%w", err)
		}
		*to = append(*to, pattern(text))
		return nil
	})
}
