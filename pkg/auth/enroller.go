package auth

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/x509"
	"os"
	"slices"
	"time"

	"github.com/voilet/QuicFlow/internal/certs"
	"github.com/voilet/QuicFlow/internal/tokens"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/monitoring"
)

// DefaultCertificateValidity is how long a certificate is good that a client gets from
// the hub. It renews it after two thirds of that.
const DefaultCertificateValidity = 90 * 24 * time.Hour

// EnrollerConfig configures Enroller.
type EnrollerConfig struct {
	// CAFile and CAKeyFile are the certificate, the first of its file, and the key of the
	// authority that signs, in PEM. Required. The hub should trust it by MTLS.
	CAFile    string
	CAKeyFile string
	// TokenDir is the folder in which quic-ctl enroll-token makes tokens, and the hub
	// notes which were used. Required.
	TokenDir string
	// Validity is how long certificates are good. Default DefaultCertificateValidity.
	Validity time.Duration
}

// Enroller gives certificates to clients that show a token which is good once, and renews
// those that it has given.
type Enroller struct {
	*kept[certs.Authority]
	dir      string
	validity time.Duration
}

// NewEnroller reads the files of the authority.
func NewEnroller(c EnrollerConfig) (*Enroller, error) {
	if c.Validity == 0 {
		c.Validity = DefaultCertificateValidity
	}
	switch {
	case c.CAFile == "" || c.CAKeyFile == "" || c.TokenDir == "":
		return nil, qerrors.New(qerrors.InvalidConfig, "enrolment needs a CA for clients with its key, and a folder of tokens: name all three (-client-ca, -client-ca-key, -enroll-dir)")
	case c.Validity < time.Minute || c.Validity > certs.MaxValidity:
		return nil, qerrors.New(qerrors.InvalidConfig, "certificates cannot be good for %v: use a minute to %d days", c.Validity, certs.MaxValidity/(24*time.Hour))
	}
	if err := os.MkdirAll(c.TokenDir, 0o700); err != nil {
		return nil, qerrors.New(qerrors.InvalidConfig, "the folder of enrolment tokens cannot be used: %w", err)
	}
	ca, err := keep(monitoring.EnrollCAFile, "the CA that signs certificates of clients", func(files [][]byte) (*certs.Authority, error) {
		ca, err := certs.ParseAuthority(certs.Pair{Cert: files[0], Key: files[1]})
		return ca, inFile(c.CAFile+" and "+c.CAKeyFile, err)
	}, c.CAFile, c.CAKeyFile)
	if err != nil {
		return nil, err
	}
	return &Enroller{ca, c.TokenDir, c.Validity}, nil
}

// Enroll implements server.Enroller.
func (e *Enroller) Enroll(_ context.Context, token, clientID string, request []byte) ([][]byte, error) {
	r, err := parseRequest(request)
	if err != nil {
		return nil, err
	}
	if err := tokens.Redeem(e.dir, token, clientID, r.RawSubjectPublicKeyInfo); err != nil {
		return nil, err
	}
	der, err := tokens.Answer(e.dir, token, func() ([]byte, error) { return e.sign(clientID, r) })
	if err != nil {
		return nil, err
	}
	if cert, err := x509.ParseCertificate(der); err != nil || time.Now().After(cert.NotAfter) {
		return nil, qerrors.New(qerrors.CredentialExpired, "the certificate that this enrolment token was good for has expired: make another with quic-ctl enroll-token")
	}
	return [][]byte{der}, nil
}

// Renew implements server.Enroller.
func (e *Enroller) Renew(_ context.Context, shown []*x509.Certificate, clientID string, request []byte) ([][]byte, error) {
	r, err := parseRequest(request)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	if len(shown) == 0 || shown[0].CheckSignatureFrom(e.get().Certificate()) != nil || !slices.Contains(uriIDs(shown[0]), clientID) {
		return nil, qerrors.New(qerrors.Unauthenticated, "the hub renews only certificates that it has given itself: enrol anew")
	}
	from, to := shown[0].NotBefore, shown[0].NotAfter
	switch {
	case now.Before(from) || now.After(to):
		return nil, qerrors.New(qerrors.CredentialExpired, "the certificate has expired: enrol anew")
	case now.Before(from.Add(to.Sub(from) / 2)): // nobody needs a heap of certificates
		return nil, qerrors.New(qerrors.Unauthenticated, "the certificate is good for long enough: it is renewed in the second half of its time")
	}
	der, err := e.sign(clientID, r)
	if err != nil {
		return nil, err
	}
	return [][]byte{der}, nil
}

// sign signs the key of the request, and nothing else that it says.
func (e *Enroller) sign(clientID string, r *x509.CertificateRequest) ([]byte, error) {
	return e.get().SignClient(clientID, r.PublicKey, e.validity)
}

// parseRequest returns a request that its key has signed.
func parseRequest(der []byte) (*x509.CertificateRequest, error) {
	r, err := x509.ParseCertificateRequest(bytes.Clone(der))
	if err == nil {
		switch r.PublicKey.(type) {
		case *ecdsa.PublicKey, ed25519.PublicKey:
			err = r.CheckSignature()
		default: // of RSA the signature alone can cost a second: there is no largest key
			return nil, qerrors.New(qerrors.ProtocolViolation, "the key of a client has to be ECDSA or Ed25519")
		}
	}
	if err != nil {
		return nil, qerrors.New(qerrors.ProtocolViolation, "the certificate signing request cannot be used: %w", err)
	}
	return r, nil
}
