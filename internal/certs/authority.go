// Package certs makes the certificates of a development set-up: a certificate
// authority of its own, and server and client certificates that it signs.
//
//	ca, err := certs.NewAuthority()
//	server, err := ca.IssueServer([]string{"hub.example.com"}, certs.DefaultValidity)
//	client, err := ca.IssueClient("client-001", certs.DefaultValidity)
//	certificate, err := tls.X509KeyPair(server.Cert, server.Key)
//
// [Create] writes such a set to a folder. Keys are ECDSA P-256. The authority's
// key lies in a plain file: for a production fleet use the authority that issues
// your other certificates, and make them as IssueServer and IssueClient say.
package certs

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"time"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// How long certificates are valid.
const (
	AuthorityValidity = 10 * 365 * 24 * time.Hour // of an authority
	DefaultValidity   = 365 * 24 * time.Hour      // of what it issues, unless the caller says otherwise
	MaxValidity       = 825 * 24 * time.Hour      // the most that Apple's platforms accept of a server certificate
)

// clockSkew dates certificates back, so that a machine whose clock is a little
// slow accepts a new one.
const clockSkew = 5 * time.Minute

// Authority signs certificates. It is safe for concurrent use.
type Authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pair Pair
}

// Pair is a certificate and its private key, each one PEM block: what
// [crypto/tls.X509KeyPair] takes.
type Pair struct {
	Cert []byte // X.509
	Key  []byte // PKCS #8
}

// NewAuthority makes an authority with a new key, valid for AuthorityValidity,
// that can sign end-entity certificates only.
func NewAuthority() (*Authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make the authority's key: %w", err)
	}
	now := time.Now()
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: "QUIC Backbone development CA"},
		NotBefore:             now.Add(-clockSkew),
		NotAfter:              now.Add(AuthorityValidity),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
		MaxPathLenZero:        true,
	}
	pair, err := sign(template, template, key, key)
	if err != nil {
		return nil, err
	}
	return ParseAuthority(pair)
}

// ParseAuthority returns the authority whose certificate and key pair holds. It
// fails with code BadCertificate when they are not those of an ECDSA authority,
// or do not belong together.
func ParseAuthority(pair Pair) (*Authority, error) {
	cert, err := parseBlock(pair.Cert, "CERTIFICATE", x509.ParseCertificate)
	if err != nil {
		return nil, qerrors.New(qerrors.BadCertificate, "the CA certificate cannot be read: %w", err)
	}
	key, err := parseKey(pair.Key)
	switch {
	case err != nil:
		return nil, qerrors.New(qerrors.BadCertificate, "the CA key cannot be used: %w", err)
	case !cert.IsCA:
		return nil, qerrors.New(qerrors.BadCertificate, "the certificate of %q is not one of a CA", cert.Subject)
	case !key.PublicKey.Equal(cert.PublicKey):
		return nil, qerrors.New(qerrors.BadCertificate, "the CA certificate and the CA key do not belong together")
	}
	return &Authority{cert: cert, key: key, pair: pair}, nil
}

// Pair returns the authority's own certificate, the one that peers have to
// trust, and its key.
func (a *Authority) Pair() Pair { return a.pair }

// issue signs template, with a new key if key is nil. It completes what all issued
// certificates share.
func (a *Authority) issue(template *x509.Certificate, validity time.Duration, key *ecdsa.PrivateKey) (Pair, error) {
	if validity <= 0 || validity > MaxValidity {
		return Pair{}, qerrors.New(qerrors.InvalidConfig, "a validity of %v is not possible; choose one from 1 day to %d days", validity, MaxValidity/(24*time.Hour))
	}
	template.NotBefore = time.Now().Add(-clockSkew)
	template.NotAfter = template.NotBefore.Add(validity)
	if template.NotAfter.After(a.cert.NotAfter) {
		return Pair{}, qerrors.New(qerrors.InvalidConfig, "the CA ends on %s, before a certificate of %v would; ask for a shorter validity or make a new CA",
			a.cert.NotAfter.Format(time.DateOnly), validity)
	}
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.BasicConstraintsValid = true
	if key == nil {
		var err error
		if key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
			return Pair{}, fmt.Errorf("make a key: %w", err)
		}
	}
	return sign(template, a.cert, key, a.key)
}

// sign makes the certificate of key. Its serial number is random, 159 bits, as
// x509 chooses it when the template has none.
func sign(template, parent *x509.Certificate, key, signer *ecdsa.PrivateKey) (Pair, error) {
	public, err := key.PublicKey.Bytes()
	if err != nil {
		return Pair{}, fmt.Errorf("encode a public key: %w", err)
	}
	// RFC 7093, section 2, method 1. x509 sets it for authorities only.
	id := sha256.Sum256(public)
	template.SubjectKeyId = id[:20]

	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		return Pair{}, fmt.Errorf("sign a certificate: %w", err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return Pair{}, fmt.Errorf("encode a private key: %w", err)
	}
	return Pair{
		Cert: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		Key:  pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}),
	}, nil
}

func parseKey(data []byte) (*ecdsa.PrivateKey, error) {
	parsed, err := parseBlock(data, "PRIVATE KEY", x509.ParsePKCS8PrivateKey)
	if err != nil {
		return nil, err
	}
	key, ok := parsed.(*ecdsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("it is a %T; it has to be an ECDSA key", parsed)
	}
	return key, nil
}

func parseBlock[T any](data []byte, kind string, parse func([]byte) (T, error)) (T, error) {
	block, _ := pem.Decode(data)
	if block == nil || block.Type != kind {
		var none T
		return none, fmt.Errorf("there is no PEM block %q", kind)
	}
	return parse(block.Bytes)
}
