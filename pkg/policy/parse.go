package policy

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/voilet/QuicFlow/internal/fields"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// Parse returns the policy of data, which comes from the file of this name. The error, of code
// InvalidConfig, has the line that is wrong.
func Parse(name string, data []byte) (*Policy, error) {
	r := &reader{name}
	root, err := r.document(data)
	if err != nil {
		return nil, err
	}
	p := &Policy{groups: map[string]*group{}}
	err = r.mapping(root, "the policy", map[string]field{
		"groups": func(n *yaml.Node) error { return r.groups(n, p) },
		"rules": func(n *yaml.Node) error {
			return r.list(n, func(n *yaml.Node) error {
				rule, err := r.rule(n)
				p.rules = append(p.rules, rule)
				return err
			})
		},
	})
	if err != nil {
		return nil, err
	}
	if len(p.rules) == 0 {
		return nil, r.wrong(root, "the policy has no rules, so that no client may do anything: write at least one")
	}
	return p, r.checkGroups(p)
}

func (r *reader) groups(n *yaml.Node, p *Policy) error {
	if n.Kind != yaml.MappingNode {
		return r.wrong(n, "groups is not a mapping: write a line for each group, such as sensors: [sensor-*]")
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		name, err := r.text(key)
		if err != nil {
			return err
		}
		if before := p.groups[name]; before != nil {
			return r.wrong(key, "the group %s is there a second time, first on line %d", name, before.line)
		}
		g := &group{line: key.Line}
		if err := r.patterns(n.Content[i+1], &g.clients, anything); err != nil {
			return err
		}
		p.groups[name] = g
	}
	return nil
}

// checkGroups finds the names in rules that no group has, and the groups that no rule
// has: both are likely to be mistyped.
func (r *reader) checkGroups(p *Policy) error {
	for _, rule := range p.rules {
		for _, name := range rule.groups {
			g := p.groups[name]
			if g == nil {
				return r.wrongAt(rule.line, "the rule names the group %s, which is not among groups", name)
			}
			g.used = true
		}
	}
	for name, g := range p.groups {
		if !g.used {
			return r.wrongAt(g.line, "no rule names the group %s: name it under groups of a rule, or remove it", name)
		}
	}
	return nil
}

func (r *reader) rule(n *yaml.Node) (*rule, error) {
	rule := &rule{line: n.Line}
	err := r.mapping(n, "a rule", map[string]field{
		"name":    func(n *yaml.Node) (err error) { rule.name, err = r.text(n); return err },
		"clients": func(n *yaml.Node) error { return r.patterns(n, &rule.clients, anything) },
		"groups": func(n *yaml.Node) error {
			return r.list(n, func(n *yaml.Node) error {
				name, err := r.text(n)
				rule.groups = append(rule.groups, name)
				return err
			})
		},
		"send": func(n *yaml.Node) error {
			return r.list(n, func(n *yaml.Node) error {
				g, err := r.grant(n)
				rule.send = append(rule.send, g)
				return err
			})
		},
		"receive": func(n *yaml.Node) error { return r.patterns(n, &rule.receive, aType) },
	})
	if err == nil && len(rule.clients)+len(rule.groups) == 0 {
		err = r.wrong(n, "the rule is for nobody: give it clients or groups")
	}
	return rule, err
}

func (r *reader) grant(n *yaml.Node) (*grant, error) {
	g := &grant{line: n.Line, maxPayload: -1}
	err := r.mapping(n, "an entry of send", map[string]field{
		"types": func(n *yaml.Node) error { return r.patterns(n, &g.types, aType) },
		"to":    func(n *yaml.Node) error { return r.patterns(n, &g.to, anything) },
		"max-payload": func(n *yaml.Node) error {
			size, err := fields.ParseSize(n.Value)
			if err != nil || n.Kind != yaml.ScalarNode {
				return r.wrong(n, "max-payload takes a size such as 65536, 64KiB or 1MiB")
			}
			g.maxPayload = size
			return nil
		},
		"rate": func(n *yaml.Node) error {
			rate, err := strconv.ParseFloat(n.Value, 64)
			if err != nil || n.Kind != yaml.ScalarNode || !(rate >= minRate && rate <= maxRate) {
				return r.wrong(n, "rate takes a number of messages a second, from %v to %v", minRate, maxRate)
			}
			g.rate = rate
			return nil
		},
		"burst": func(n *yaml.Node) error {
			burst, err := strconv.Atoi(n.Value)
			if err != nil || n.Kind != yaml.ScalarNode || burst < 1 || burst > maxRate {
				return r.wrong(n, "burst takes a number of messages, from 1 to %v", maxRate)
			}
			g.burst = burst
			return nil
		},
	})
	switch {
	case err != nil:
		return g, err
	case len(g.types) == 0:
		return g, r.wrong(n, `an entry of send has no types: write those that it is for, or types: ["*"]`)
	case g.rate == 0 && g.burst > 0:
		return g, r.wrong(n, "a burst is of a rate: add the rate, or remove the burst")
	case g.rate > 0 && g.burst == 0:
		g.burst = int(math.Ceil(g.rate))
	}
	return g, nil
}

// One message an hour is the least that is worth a wait; more than a million a second
// is no limit.
const (
	minRate = 1.0 / 4096
	maxRate = 1_000_000
)

func anything(string) error { return nil }

// aType refuses what no type can match, which is mistyped.
func aType(text string) error {
	var names []string
	for t := protocol.MessageType_MESSAGE_TYPE_COMMAND; int(t) < numTypes; t++ {
		if pattern(text).matches(t.Name()) {
			return nil
		}
		names = append(names, t.Name())
	}
	return fmt.Errorf("no type of message is called %q: use %s, or * for any text in it", text, strings.Join(names, ", "))
}
