package settings

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v3"
	"go.yaml.in/yaml/v4"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// file is a YAML file of keys and values. A nil file has none.
type file struct {
	path    string
	entries map[string]entry
}

type entry struct {
	line  int
	value *yaml.Node
}

// parseFile returns what data, read from path, says. Its keys must be known.
func parseFile(path string, data []byte, known []string) (*file, error) {
	var documents []yaml.Node
	if err := yaml.Load(data, &documents, yaml.WithAllDocuments()); err != nil {
		return nil, syntaxError(path, err)
	}
	f := &file{path: path, entries: map[string]entry{}}
	switch len(documents) {
	case 0:
		return f, nil
	case 1:
		return f, f.index(documents[0].Content[0], known)
	default:
		return nil, f.wrong(documents[1].Line, "a second document begins here; put all settings into one")
	}
}

// index fills entries from the root of the document.
func (f *file) index(root *yaml.Node, known []string) error {
	if isNull(root) {
		return nil
	}
	if root.Kind != yaml.MappingNode {
		return f.wrong(root.Line, "want a line for each setting, such as log-level: debug")
	}
	for i := 0; i+1 < len(root.Content); i += 2 {
		key := root.Content[i]
		if !slices.Contains(known, key.Value) {
			return f.wrong(key.Line, "unknown key %s%s", key.Value, didYouMean(nearest(key.Value, known)))
		}
		if first, twice := f.entries[key.Value]; twice {
			return f.wrong(key.Line, "%s is set a second time, first on line %d; remove one", key.Value, first.line)
		}
		f.entries[key.Value] = entry{key.Line, root.Content[i+1]}
	}
	return nil
}

// apply sets the flag from the entry of its key, if there is one.
func (f *file) apply(key string, flag cli.Flag) error {
	if f == nil {
		return nil
	}
	e, ok := f.entries[key]
	if !ok {
		return nil
	}
	items := []*yaml.Node{resolveAlias(e.value)}
	if items[0].Kind == yaml.SequenceNode {
		if !repeatable(flag) {
			return f.wrong(e.line, "%s takes one value, not a list", key)
		}
		items = items[0].Content
	}
	for _, item := range items {
		item = resolveAlias(item)
		if item.Kind != yaml.ScalarNode {
			return f.wrong(item.Line, "%s takes plain values, not a mapping or a list within a list", key)
		}
		if isNull(item) {
			return f.wrong(item.Line, `%s has no value; remove the line, or write "" for an empty text`, key)
		}
		if err := flag.Set(name(flag), item.Value); err != nil {
			return wrongValue(position(f.path, item.Line)+": "+key, flag, item.Value, err)
		}
	}
	return nil
}

func (f *file) wrong(line int, format string, args ...any) error {
	return qerrors.New(qerrors.InvalidConfig, position(f.path, line)+": "+format, args...)
}

func resolveAlias(node *yaml.Node) *yaml.Node {
	if node.Kind == yaml.AliasNode {
		return node.Alias
	}
	return node
}

func isNull(node *yaml.Node) bool {
	return node.Kind == yaml.ScalarNode && node.ShortTag() == "!!null"
}

// syntaxError gives err the form of the other errors of a file.
func syntaxError(path string, err error) error {
	var at *yaml.LoadError
	if errors.As(err, &at) && at.Mark.Line > 0 {
		return qerrors.New(qerrors.InvalidConfig, "%s: not valid YAML: %s", position(path, at.Mark.Line), at.Message)
	}
	return qerrors.New(qerrors.InvalidConfig, "%s: not valid YAML: %s", path, strings.TrimPrefix(err.Error(), "yaml: "))
}

// position is a place in a file as editors and terminals understand it.
func position(path string, line int) string { return fmt.Sprintf("%s:%d", path, line) }
