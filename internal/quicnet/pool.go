package quicnet

import (
	"crypto/sha256"
	"crypto/x509"
	"sync"
)

// pool keeps the certificates of the authorities that the clients on a socket trust.
// Mostly they all trust the same, which would be parsed, and kept, for each of them.
type pool struct {
	mu    sync.Mutex
	sum   [sha256.Size]byte // of the PEM text
	certs *x509.CertPool    // nil at first
}

// parse returns the certificates in a PEM text, nil if there are none. Nobody may change
// what it returns. A nil pool keeps nothing.
func (p *pool) parse(text []byte) *x509.CertPool {
	if p == nil {
		p = new(pool)
	}
	sum := sha256.Sum256(text)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.certs != nil && p.sum == sum {
		return p.certs
	}
	certs := x509.NewCertPool()
	if !certs.AppendCertsFromPEM(text) {
		return nil
	}
	p.sum, p.certs = sum, certs
	return certs
}
