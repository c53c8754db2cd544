package auth

import (
	"context"
	"crypto/x509"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/monitoring"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

// The places of a certificate that a client id can be in.
const (
	FromURI        = "uri" // a URI among the alternative names, quic-backbone:ID, percent-encoded
	FromDNS        = "dns" // a DNS name among the alternative names
	FromCommonName = "cn"  // the common name of the subject
)

// MTLSConfig configures MTLS.
type MTLSConfig struct {
	// CAFile is a PEM file with the certificates of the authorities that sign those of
	// clients. Required.
	CAFile string
	// CRLFile has certificate revocation lists (RFC 5280, section 5) of these authorities,
	// in PEM or DER. One whose next update is due goes on to count. Optional.
	CRLFile string
	// DeniedFile has serial numbers of certificates that are not taken, in hexadecimal
	// digits, one a line; "id:ID" denies all certificates of a client, and a comment alone,
	// "# nobody", nobody. An empty file is an error. Optional.
	DeniedFile string
	// ClientIDFrom is where in a certificate the client id is: FromURI, FromDNS or
	// FromCommonName. Default FromURI.
	ClientIDFrom string
}

// MTLS knows clients by their certificates. A certificate is verified at each connection,
// also at one that resumes a TLS session, and again when one of the files has changed.
type MTLS struct {
	*kept[trust]
	ids func(*x509.Certificate) []string
}

// NewMTLS reads the files.
func NewMTLS(c MTLSConfig) (*MTLS, error) {
	places := map[string]func(*x509.Certificate) []string{"": uriIDs, FromURI: uriIDs, FromDNS: dnsIDs, FromCommonName: commonName}
	ids := places[c.ClientIDFrom]
	switch {
	case ids == nil:
		return nil, qerrors.New(qerrors.InvalidConfig, "the client id is in %q: use uri, dns or cn", c.ClientIDFrom)
	case c.CAFile == "":
		return nil, qerrors.New(qerrors.InvalidConfig, "certificates of clients need a CA: name its file (-client-ca)")
	}
	t, err := keep(monitoring.ClientTrustFile, "what certificates of clients are checked with", c.parse, c.CAFile, c.CRLFile, c.DeniedFile)
	if err != nil {
		return nil, err
	}
	return &MTLS{t, ids}, nil
}

// Authenticate implements server.Authenticator, for clients that show a certificate.
func (m *MTLS) Authenticate(_ context.Context, c server.Credentials) (server.Identity, error) {
	if len(c.Certificates) == 0 {
		return server.Identity{}, qerrors.New(qerrors.NoCredential, "there is no certificate")
	}
	known := m.get()
	expires, err := m.verify(known, c.Certificates, c.ClientID)
	if err != nil {
		return server.Identity{}, err
	}
	return server.Identity{
		ClientID: c.ClientID, Method: "mtls", Expires: expires,
		Check: stillGood(m.kept, known, func(now *trust) error {
			_, err := m.verify(now, c.Certificates, c.ClientID)
			return err
		}),
	}, nil
}

// verify returns until when a chain of certificates, the client's own first, is good, or why
// it is not one of the client.
func (m *MTLS) verify(t *trust, chain []*x509.Certificate, clientID string) (expires time.Time, err error) {
	if !slices.Contains(m.ids(chain[0]), clientID) {
		return expires, qerrors.New(qerrors.Unauthenticated, "the certificate is not one of this client id")
	}
	between := x509.NewCertPool()
	for _, cert := range chain[1:] {
		between.AddCert(cert)
	}
	now := time.Now()
	chains, err := chain[0].Verify(x509.VerifyOptions{
		Roots: t.roots, Intermediates: between, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return expires, qerrors.New(qerrors.CredentialExpired, "the certificate is not valid at this time, but from %s to %s: renew it, and compare the clocks",
			chain[0].NotBefore.Format(time.RFC3339), chain[0].NotAfter.Format(time.RFC3339))
	case err != nil:
		return expires, qerrors.New(qerrors.Unauthenticated, "the certificate is not one that this hub trusts: %s", short(err))
	case t.denied[denial{id: clientID}] || !slices.ContainsFunc(chains, t.unrevoked):
		return expires, qerrors.New(qerrors.CredentialRevoked, "the certificate was revoked")
	}
	for _, way := range chains { // to an authority
		if end := firstEnd(way); t.unrevoked(way) && end.After(expires) {
			expires = end
		}
	}
	return expires, nil
}

// firstEnd returns when the first of some certificates expires.
func firstEnd(all []*x509.Certificate) time.Time {
	return slices.MinFunc(all, func(a, b *x509.Certificate) int { return a.NotAfter.Compare(b.NotAfter) }).NotAfter
}

// short returns what err says, without most of what a stranger has made it repeat.
func short(err error) string {
	const most = 256
	text := err.Error()
	return strings.ToValidUTF8(text[:min(len(text), most)], "")
}

func uriIDs(cert *x509.Certificate) (ids []string) {
	for _, uri := range cert.URIs {
		if id, err := url.PathUnescape(uri.Opaque); err == nil && uri.Scheme == "quic-backbone" {
			ids = append(ids, id)
		}
	}
	return ids
}

func dnsIDs(cert *x509.Certificate) []string { return cert.DNSNames }

func commonName(cert *x509.Certificate) []string { return []string{cert.Subject.CommonName} }
