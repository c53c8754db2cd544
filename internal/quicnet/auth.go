package quicnet

import (
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"time"

	"github.com/quic-go/quic-go"

	"github.com/voilet/QuicFlow/internal/reload"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// ServerAuth is how a hub proves who it is, with the keys that let its clients
// recognize it after a restart. What its files have is kept up to date: see
// [ServerAuth.Watch].
type ServerAuth struct {
	tls      *tls.Config // what each handshake uses; it asks shown for the certificate
	shown    *reload.Value[serverKeys]
	resetKey quic.StatelessResetKey
	tokenKey quic.TokenGeneratorKey
}

// serverKeys are a certificate with its key, and the keys that are derived from that.
type serverKeys struct {
	cert     *tls.Certificate
	resetKey quic.StatelessResetKey
	tokenKey quic.TokenGeneratorKey
}

// LoadServerAuth loads a certificate and its key from PEM files.
//
// The keys of stateless resets (RFC 9000, section 10.3), address tokens and
// session tickets are derived from the certificate's key. So they outlive a
// restart without files of their own: a client that still talks to the process
// before is told at once that its connection is gone.
//
// When the files change, handshakes that begin from then on use what they have. With
// another key, the sessions of before are not resumed: who has stolen the old key could
// read their tickets. The keys of resets and addresses belong to the socket, and stay.
func LoadServerAuth(certFile, keyFile string) (*ServerAuth, error) {
	if certFile == "" || keyFile == "" {
		return nil, bothNeeded()
	}
	a := &ServerAuth{tls: &tls.Config{MinVersion: tls.VersionTLS13, NextProtos: []string{ALPN}}}
	// Not GetConfigForClient: each connection would keep one more tls.Config.
	a.tls.GetCertificate = func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return a.shown.Get().cert, nil }
	var err error
	if a.shown, err = reload.Load(a.parse(certFile, keyFile), certFile, keyFile); err != nil {
		return nil, unusable(err, "")
	}
	keys := a.shown.Get()
	a.resetKey, a.tokenKey = keys.resetKey, keys.tokenKey
	return a, nil
}

// AskForCertificates makes clients show their certificates, if they have any. They are not
// verified here: a refusal in the TLS handshake could not say what to do. Call it before
// the first use.
func (a *ServerAuth) AskForCertificates() { a.tls.ClientAuth = tls.RequestClientCert }

// Expires returns when the certificate does.
func (a *ServerAuth) Expires() time.Time {
	_, to := validity(a.shown.Get().cert)
	return to
}

// parse returns what reads the files, and has handshakes use the key of tickets at once.
func (a *ServerAuth) parse(certFile, keyFile string) reload.Parse[serverKeys] {
	return func(files [][]byte) (keys serverKeys, err error) {
		cert, err := parsePair(certFile, keyFile, files[0], files[1])
		if err != nil {
			return keys, err
		}
		secret, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
		if err != nil {
			return keys, qerrors.New(qerrors.BadCertificate, "the key in %s cannot be used: %w", keyFile, err)
		}
		var ticketKey [32]byte
		err = errors.Join(
			derive(secret, "stateless reset", keys.resetKey[:]),
			derive(secret, "address token", keys.tokenKey[:]),
			derive(secret, "session ticket", ticketKey[:]))
		if err != nil {
			return keys, qerrors.New(qerrors.Internal, "cannot derive keys: %w", err)
		}
		keys.cert = &cert
		a.tls.SetSessionTicketKeys([][32]byte{ticketKey})
		return keys, nil
	}
}

func derive(secret []byte, purpose string, key []byte) error {
	k, err := hkdf.Key(sha256.New, secret, nil, "quic-backbone "+purpose, len(key))
	copy(key, k)
	return err
}

// ClientAuth is whom a client trusts, and how it proves who it is. What its files have
// is kept up to date: see [ClientAuth.Watch].
type ClientAuth struct {
	shown  *reload.Value[*tls.Config]
	ca     string // the file of whom it trusts
	tokens quic.TokenStore
}

// ClientFiles name what a ClientAuth is loaded from. Each is optional.
type ClientFiles struct {
	CA         string // PEM certificates to trust; empty stands for the system's
	Cert, Key  string // PEM certificate to present, and its key
	ServerName string // the name the hub's certificate must have; empty stands for the address's host
	Insecure   bool   // trust any certificate

	Socket *Socket // its clients share what they trust; nil for nobody
}

// LoadClientAuth loads what the files name.
func LoadClientAuth(files ClientFiles) (*ClientAuth, error) {
	if (files.Cert == "") != (files.Key == "") {
		return nil, bothNeeded()
	}
	shown, err := reload.Load(files.parse, files.CA, files.Cert, files.Key)
	if err != nil {
		return nil, unusable(err, files.CA)
	}
	return &ClientAuth{shown: shown, ca: files.CA, tokens: quic.NewLRUTokenStore(8, 4)}, nil
}

// parse returns a configuration with a session cache of its own: a resumed session is
// one of who the client was when it began.
func (f ClientFiles) parse(files [][]byte) (*tls.Config, error) {
	config := &tls.Config{
		MinVersion:         tls.VersionTLS13,
		NextProtos:         []string{ALPN},
		ServerName:         f.ServerName,
		InsecureSkipVerify: f.Insecure,
		ClientSessionCache: tls.NewLRUClientSessionCache(8),
	}
	if f.CA != "" {
		var shared *pool
		if f.Socket != nil {
			shared = &f.Socket.trusted
		}
		if config.RootCAs = shared.parse(files[0]); config.RootCAs == nil {
			return nil, qerrors.New(qerrors.BadCertificate, "%s has no PEM certificate", f.CA)
		}
	}
	if f.Cert != "" {
		cert, err := parsePair(f.Cert, f.Key, files[1], files[2])
		if err != nil {
			return nil, err
		}
		config.Certificates = []tls.Certificate{cert}
	}
	return config, nil
}

// Validity returns from when until when the client's certificate is good, zero without one.
func (a *ClientAuth) Validity() (from, to time.Time) {
	config := a.shown.Get()
	if len(config.Certificates) == 0 {
		return time.Time{}, time.Time{}
	}
	return validity(&config.Certificates[0])
}

func validity(cert *tls.Certificate) (from, to time.Time) {
	if cert.Leaf == nil { // GODEBUG=x509keypairleaf=0
		return time.Time{}, time.Time{}
	}
	return cert.Leaf.NotBefore, cert.Leaf.NotAfter
}

// Expires returns when the client's certificate does, and zero without one.
func (a *ClientAuth) Expires() time.Time {
	_, to := a.Validity()
	return to
}
