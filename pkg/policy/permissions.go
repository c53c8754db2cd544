package policy

import (
	"fmt"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"github.com/voilet/QuicFlow/internal/fields"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// permissions are what one client may do. They are compiled when they are asked for the
// first time under a policy, so that a new one needs no list of who is connected.
type permissions struct {
	clientID string
	policy   func() *Policy
	compiled atomic.Pointer[compiled]
}

// compiled is a policy as one client sees it, by type of message.
type compiled struct {
	policy  *Policy
	rule    *rule // nil if it has none
	send    [numTypes]*limited
	receive [numTypes]bool
}

// limited is a grant, and how much of its rate is used.
type limited struct {
	*grant
	limiter *rate.Limiter // nil for no limit
}

func (p *permissions) now() *compiled {
	policy, c := p.policy(), p.compiled.Load()
	if c != nil && c.policy == policy {
		return c
	}
	p.compiled.CompareAndSwap(c, policy.compile(p.clientID)) // another may have been first: all use the same limits
	return p.compiled.Load()
}

func (p *Policy) compile(clientID string) *compiled {
	c := &compiled{policy: p}
	m, ok := p.find(clientID)
	if !ok {
		return c
	}
	c.rule = m.rule
	grants := map[*grant]*limited{}
	for i := range numTypes {
		t := protocol.MessageType(i)
		c.receive[i] = m.rule.receives(t)
		g := m.rule.grant(t)
		if g == nil {
			continue
		}
		if grants[g] == nil {
			grants[g] = &limited{grant: g}
			if g.rate > 0 {
				grants[g].limiter = rate.NewLimiter(rate.Limit(g.rate), g.burst)
			}
		}
		c.send[i] = grants[g]
	}
	return c
}

// MaySend implements session.Permissions.
func (p *permissions) MaySend(m *protocol.DataMessage) (wait time.Duration, err error) {
	c := p.now()
	g := c.send[known(m.Type)]
	if g == nil {
		return 0, c.denied("send", m.Type)
	}
	if err := g.check(m, p.clientID); err != nil {
		return 0, err
	}
	if g.limiter == nil || g.limiter.Allow() { // without the garbage of Reserve
		return 0, nil
	}
	return g.limiter.Reserve().Delay(), nil
}

func (g *grant) check(m *protocol.DataMessage, clientID string) error {
	if g.maxPayload >= 0 && len(m.Payload) > g.maxPayload {
		return denied("messages of type %s from client %q have at most %s, not %d bytes", known(m.Type).Name(), clientID, fields.FormatSize(g.maxPayload), len(m.Payload))
	}
	if m.ReceiverId == "" {
		return nil
	}
	if _, ok := first(g.to, m.ReceiverId); !ok {
		return denied("messages of type %s from client %q may not be addressed to %q", known(m.Type).Name(), clientID, m.ReceiverId)
	}
	return nil
}

// MayReceive implements session.Permissions.
func (p *permissions) MayReceive(t protocol.MessageType) error {
	if c := p.now(); !c.receive[known(t)] {
		return c.denied("receive", t)
	}
	return nil
}

func (c *compiled) denied(what string, t protocol.MessageType) error {
	if c.rule == nil {
		return denied("the policy has no rule for the client")
	}
	return denied("%s does not let the client %s messages of type %s", c.rule, what, known(t).Name())
}

func denied(format string, args ...any) error {
	return qerrors.New(qerrors.PermissionDenied, format, args...)
}

// String returns what explanations call the rule.
func (r *rule) String() string {
	if r.name == "" {
		return fmt.Sprintf("the rule on line %d of the policy", r.line)
	}
	return fmt.Sprintf("the rule %s of the policy", r.name)
}
