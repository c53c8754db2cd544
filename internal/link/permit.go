package link

import (
	"crypto/x509"
	"time"

	"golang.org/x/time/rate"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// Permit is what lets a client of the hub stay: a credential that is good for some time.
// It is not changed after it was given.
type Permit struct {
	Method  string       // the kind of credential
	Expires time.Time    // zero stands for never
	Check   func() error // says why it is not good any more; nil stands for always good

	Certificates []*x509.Certificate // that the client has, its own first
}

// Name returns the kind of credential, none of a client that had to show none.
func (p *Permit) Name() string {
	if p == nil {
		return "none"
	}
	return p.Method
}

// Give lets the client stay for as long as p does, in place of the permit before.
func (l *Link) Give(p *Permit) { l.held.Store(p) }

// Permit returns the present one, nil if there is none.
func (l *Link) Permit() *Permit { return l.held.Load() }

// CheckPermit closes the connection of a client whose permit is not good any more.
func (l *Link) CheckPermit(now time.Time) {
	p := l.held.Load()
	switch {
	case p == nil:
	case !p.Expires.IsZero() && !now.Before(p.Expires):
		l.Close(qerrors.CredentialExpired, "the credential of this connection has expired: connect with a new one")
	case p.Check != nil:
		if err := p.Check(); err != nil {
			l.Refuse(err)
		}
	}
}

// A client may show new credentials so often, and so many at once.
const (
	checksPerSecond = 1
	checksAtOnce    = 10
)

// AwaitCheck waits until one more credential of the client may be checked, which can cost
// more than many messages. An error means that the connection has ended.
func (l *Link) AwaitCheck() error {
	if l.checks.Load() == nil { // as for nearly all clients
		l.checks.CompareAndSwap(nil, rate.NewLimiter(checksPerSecond, checksAtOnce))
	}
	return l.pause(l.checks.Load().Reserve().Delay())
}

// Tell sends a control frame that starts something.
func (l *Link) Tell(f *protocol.Frame) { l.out.control(f) }

// Answer sends a control frame that answers one of the peer, unless the peer does not read
// its answers.
func (l *Link) Answer(f *protocol.Frame) {
	if !l.out.full.Load() {
		l.out.control(f)
	}
}
