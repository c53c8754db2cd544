package policy

import "github.com/voilet/QuicFlow/pkg/session"

// Fixed returns what has a policy without a file.
func Fixed(p *Policy) interface {
	Permissions(clientID string) session.Permissions
} {
	return fixed{p}
}

type fixed struct{ p *Policy }

func (f fixed) Permissions(clientID string) session.Permissions {
	return &permissions{clientID: clientID, policy: func() *Policy { return f.p }}
}

// Matches is for tests of patterns.
func Matches(p, text string) bool { return pattern(p).matches(text) }
