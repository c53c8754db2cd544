package certs

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// DefaultClientID is the client that a certificate is for when none is named.
const DefaultClientID = "client-001"

// maxCommonName is the limit of X.520 for a subject's common name, in characters.
const maxCommonName = 64

// IssueServer issues a certificate for a server that clients reach under hosts,
// DNS names (a first label "*" stands for any one label) and IP addresses, and,
// always, under localhost, 127.0.0.1 and ::1. Its extended key usage is server
// authentication alone. A host that is neither a name nor an address, and a
// validity that is not possible, give the code InvalidConfig.
func (a *Authority) IssueServer(hosts []string, validity time.Duration) (Pair, error) {
	return a.issueServer(hosts, validity, nil)
}

func (a *Authority) issueServer(hosts []string, validity time.Duration, key *ecdsa.PrivateKey) (Pair, error) {
	template := &x509.Certificate{
		Subject:     pkix.Name{CommonName: "QUIC Backbone server"},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, host := range withLocalhost(hosts) {
		if ip := net.ParseIP(host); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else if isDNSName(host) {
			template.DNSNames = append(template.DNSNames, host)
		} else {
			return Pair{}, qerrors.New(qerrors.InvalidConfig, "the host %q is neither a DNS name nor an IP address; name it as clients dial it, without a port", host)
		}
	}
	return a.issue(template, validity, key)
}

// IssueClient issues a certificate for the client with this id, 1 to 128 bytes of
// printable UTF-8. The id stands in a URI among the alternative names,
// quic-backbone:ID, percent-encoded where it has to be, and, where it fits, in
// the common name for people to read. The extended key usage is client
// authentication alone. An unusable id gives the code InvalidClientID, a
// validity that is not possible InvalidConfig.
func (a *Authority) IssueClient(id string, validity time.Duration) (Pair, error) {
	template, err := clientTemplate(id)
	if err != nil {
		return Pair{}, err
	}
	return a.issue(template, validity, nil)
}

// SignClient is [Authority.IssueClient] for a client that has made its key itself. It
// returns the certificate in DER, which is valid for no longer than that of the authority.
func (a *Authority) SignClient(id string, key crypto.PublicKey, validity time.Duration) ([]byte, error) {
	template, err := clientTemplate(id)
	if err != nil {
		return nil, err
	}
	template.NotBefore = time.Now().Add(-clockSkew)
	template.NotAfter = time.Now().Add(validity)
	if template.NotAfter.After(a.cert.NotAfter) {
		template.NotAfter = a.cert.NotAfter
	}
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.BasicConstraintsValid = true
	return x509.CreateCertificate(rand.Reader, template, a.cert, key, a.key)
}

// Certificate returns that of the authority.
func (a *Authority) Certificate() *x509.Certificate { return a.cert }

func clientTemplate(id string) (*x509.Certificate, error) {
	if !isClientID(id) {
		return nil, qerrors.New(qerrors.InvalidClientID, "the client id %q cannot be used; give 1 to 128 bytes of printable UTF-8", id)
	}
	template := &x509.Certificate{
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		URIs:        []*url.URL{{Scheme: "quic-backbone", Opaque: url.PathEscape(id)}},
	}
	if utf8.RuneCountInString(id) <= maxCommonName {
		template.Subject.CommonName = id
	}
	return template, nil
}

// withLocalhost returns the names that every server certificate has, followed by
// those of hosts that are not among them.
func withLocalhost(hosts []string) []string {
	all := []string{"localhost", "127.0.0.1", "::1"}
	for _, host := range hosts {
		host = strings.ToLower(strings.TrimSpace(host))
		if !slices.Contains(all, host) {
			all = append(all, host)
		}
	}
	return all
}

// isDNSName reports whether name can stand in a certificate (RFC 1034, section
// 3.5, with the underscore that many internal names have).
func isDNSName(name string) bool {
	name = strings.TrimPrefix(name, "*.")
	if len(name) > 253 {
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		if len(label) == 0 || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		if strings.ContainsFunc(label, func(r rune) bool {
			return r != '-' && r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z')
		}) {
			return false
		}
	}
	return true
}

func isClientID(id string) bool {
	return len(id) >= 1 && len(id) <= 128 && utf8.ValidString(id) &&
		!strings.ContainsFunc(id, func(r rune) bool { return !unicode.IsPrint(r) })
}
