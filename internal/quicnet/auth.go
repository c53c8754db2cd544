package quicnet

import (
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io/fs"
	"os"
	"time"

	"github.com/quic-go/quic-go"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// ServerAuth is how a hub proves who it is, with the keys that let its clients
// recognize it after a restart.
type ServerAuth struct {
	tls      *tls.Config
	resetKey quic.StatelessResetKey
	tokenKey quic.TokenGeneratorKey
}

// LoadServerAuth loads a certificate and its key from PEM files.
//
// The keys of stateless resets (RFC 9000, section 10.3), address tokens and
// session tickets are derived from the certificate's key. So they outlive a
// restart without files of their own: a client that still talks to the process
// before is told at once that its connection is gone.
func LoadServerAuth(certFile, keyFile string) (*ServerAuth, error) {
	cert, err := loadCertificate(certFile, keyFile)
	if err != nil {
		return nil, err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	if err != nil {
		return nil, qerrors.New(qerrors.BadCertificate, "the key in %s cannot be used: %w", keyFile, err)
	}
	a := &ServerAuth{tls: &tls.Config{
		MinVersion:   tls.VersionTLS13,
		NextProtos:   []string{ALPN},
		Certificates: []tls.Certificate{cert},
	}}
	var ticketKey [32]byte
	err = errors.Join(
		derive(secret, "stateless reset", a.resetKey[:]),
		derive(secret, "address token", a.tokenKey[:]),
		derive(secret, "session ticket", ticketKey[:]))
	if err != nil {
		return nil, qerrors.New(qerrors.Internal, "cannot derive keys: %w", err)
	}
	a.tls.SetSessionTicketKeys([][32]byte{ticketKey})
	return a, nil
}

// Expires returns when the certificate does.
func (a *ServerAuth) Expires() time.Time { return expires(a.tls) }

func derive(secret []byte, purpose string, key []byte) error {
	k, err := hkdf.Key(sha256.New, secret, nil, "quic-backbone "+purpose, len(key))
	copy(key, k)
	return err
}

// ClientAuth is whom a client trusts, and how it proves who it is.
type ClientAuth struct {
	tls    *tls.Config
	tokens quic.TokenStore
}

// ClientFiles name what a ClientAuth is loaded from. Each is optional.
type ClientFiles struct {
	CA         string // PEM certificates to trust; empty stands for the system's
	Cert, Key  string // PEM certificate to present, and its key
	ServerName string // the name the hub's certificate must have; empty stands for the address's host
	Insecure   bool   // trust any certificate
}

// LoadClientAuth loads what the files name.
func LoadClientAuth(files ClientFiles) (*ClientAuth, error) {
	config := &tls.Config{
		MinVersion:         tls.VersionTLS13,
		NextProtos:         []string{ALPN},
		ServerName:         files.ServerName,
		InsecureSkipVerify: files.Insecure,
		ClientSessionCache: tls.NewLRUClientSessionCache(8),
	}
	if files.CA != "" {
		pem, err := os.ReadFile(files.CA)
		if err != nil {
			return nil, unreadable("the CA certificate", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, qerrors.New(qerrors.BadCertificate, "%s has no PEM certificate", files.CA)
		}
	}
	if files.Cert != "" || files.Key != "" {
		cert, err := loadCertificate(files.Cert, files.Key)
		if err != nil {
			return nil, err
		}
		config.Certificates = []tls.Certificate{cert}
	}
	return &ClientAuth{tls: config, tokens: quic.NewLRUTokenStore(8, 4)}, nil
}

// Expires returns when the client's certificate does, and zero without one.
func (a *ClientAuth) Expires() time.Time { return expires(a.tls) }

func expires(config *tls.Config) time.Time {
	if len(config.Certificates) == 0 || config.Certificates[0].Leaf == nil { // GODEBUG=x509keypairleaf=0
		return time.Time{}
	}
	return config.Certificates[0].Leaf.NotAfter
}

func loadCertificate(certFile, keyFile string) (tls.Certificate, error) {
	if certFile == "" || keyFile == "" {
		return tls.Certificate{}, qerrors.New(qerrors.BadCertificate, "a certificate file and a key file are both needed")
	}
	cert, err := tls.LoadX509KeyPair(certFile, keyFile)
	var path *fs.PathError
	switch {
	case err == nil:
		return cert, nil
	case errors.As(err, &path):
		return cert, unreadable("the certificate or its key", err)
	default:
		return cert, qerrors.New(qerrors.BadCertificate, "%s and %s cannot be used: %w", certFile, keyFile, err)
	}
}

func unreadable(what string, err error) error {
	return qerrors.New(qerrors.BadCertificate, "cannot read %s: make certificates with ./scripts/gen-certs.sh, or name other files: %w", what, err)
}
