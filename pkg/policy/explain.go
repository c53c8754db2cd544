package policy

import (
	"fmt"
	"strings"

	"github.com/voilet/QuicFlow/internal/fields"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// Decision is what a policy says about one client, and messages of one type.
type Decision struct {
	Type          protocol.MessageType
	Send, Receive Answer
}

// Answer is whether something is allowed, and which line says so, with its limits.
type Answer struct {
	Allowed bool
	Why     string
}

// String returns how large the policy is.
func (p *Policy) String() string {
	return fmt.Sprintf("a policy (rules: %d, groups: %d)", len(p.rules), len(p.groups))
}

// Explain returns which rule is that of a client, in words, and what it says about
// each of some types.
func (p *Policy) Explain(clientID string, types ...protocol.MessageType) (rule string, decisions []Decision) {
	m, ok := p.find(clientID)
	rule = m.explain(ok)
	for _, t := range types {
		d := Decision{t, Answer{Why: "there is no rule"}, Answer{Why: "there is no rule"}}
		if ok {
			d.Send, d.Receive = m.rule.explainSend(t), m.rule.explainReceive(t)
		}
		decisions = append(decisions, d)
	}
	return rule, decisions
}

func (m *match) explain(found bool) string {
	if !found {
		return "no rule has it, so that it may do nothing"
	}
	where := fmt.Sprintf("the rule on line %d has it as %q", m.rule.line, m.by)
	if m.rule.name != "" {
		where = fmt.Sprintf("the rule %s on line %d has it as %q", m.rule.name, m.rule.line, m.by)
	}
	if m.group != "" {
		where += " of the group " + m.group
	}
	return where
}

func (r *rule) explainReceive(t protocol.MessageType) Answer {
	by, ok := first(r.receive, t.Name())
	if !ok {
		return Answer{false, "receive of the rule does not have it"}
	}
	return Answer{true, fmt.Sprintf("receive of the rule has %q", by)}
}

func (r *rule) explainSend(t protocol.MessageType) Answer {
	g := r.grant(t)
	if g == nil {
		return Answer{false, "send of the rule does not have it"}
	}
	by, _ := first(g.types, t.Name())
	parts := []string{fmt.Sprintf("send on line %d has %q", g.line, by)}
	if g.maxPayload >= 0 {
		parts = append(parts, "at most "+fields.FormatSize(g.maxPayload))
	}
	if g.rate > 0 {
		parts = append(parts, fmt.Sprintf("%v a second and %d at once", g.rate, g.burst))
	}
	if len(g.to) > 0 {
		parts = append(parts, fmt.Sprintf("also addressed to %s", join(g.to)))
	}
	return Answer{true, strings.Join(parts, ", ")}
}

func join(patterns []pattern) string {
	texts := make([]string, len(patterns))
	for i, p := range patterns {
		texts[i] = string(p)
	}
	return strings.Join(texts, " or ")
}
