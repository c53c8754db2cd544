// Package keyfiles keeps the key and the certificate of a client that gets its
// certificates from the hub. Both have mode 0600, and belong together at any time, though
// they are two files:
//
//	KEY.new     a key that a certificate is asked for
//	CERT.new    its certificate: from here on both replace KEY and CERT, whatever happens
package keyfiles

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/voilet/QuicFlow/internal/atomicfile"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

const mode fs.FileMode = 0o600

// Pair is where they are. Its methods are for one goroutine at a time.
type Pair struct {
	Cert, Key string
}

func (p Pair) newCert() string { return p.Cert + ".new" }
func (p Pair) newKey() string  { return p.Key + ".new" }

// Complete ends an [Pair.Install] that was interrupted, and reports whether there are a
// certificate and its key.
func (p Pair) Complete() (bool, error) {
	if exists(p.newCert()) {
		if err := p.replace(); err != nil {
			return false, unusable(err)
		}
	}
	cert, key := exists(p.Cert), exists(p.Key)
	if cert != key {
		return false, qerrors.New(qerrors.BadCertificate, "of %s and %s only one is there: remove it, so that both are made", p.Cert, p.Key)
	}
	return cert, nil
}

// Request returns a certificate signing request, in DER, for a new key: the same key each
// time, until it has its certificate. So who asks again, because the answer was lost, can
// be told from somebody else.
func (p Pair) Request() ([]byte, error) {
	key, err := p.pendingKey()
	if err != nil {
		return nil, unusable(err)
	}
	return x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
}

func (p Pair) pendingKey() (*ecdsa.PrivateKey, error) {
	text, err := os.ReadFile(p.newKey())
	if err == nil {
		if block, _ := pem.Decode(text); block != nil {
			if key, err := x509.ParsePKCS8PrivateKey(block.Bytes); err == nil {
				if key, ok := key.(*ecdsa.PrivateKey); ok {
					return key, nil
				}
			}
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(p.Key), 0o700); err != nil {
		return nil, err
	}
	return key, atomicfile.Write(p.newKey(), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), mode)
}

// Install puts certificates, in DER, the client's own first, into the place of those of
// before, with the key that they were asked for with.
func (p Pair) Install(certificates [][]byte) error {
	var text []byte
	for _, der := range certificates {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	key, err := os.ReadFile(p.newKey())
	if err != nil {
		return unusable(err)
	}
	if _, err := tls.X509KeyPair(text, key); err != nil {
		return qerrors.New(qerrors.BadCertificate, "the hub has sent a certificate that cannot be used: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(p.Cert), 0o700); err != nil {
		return unusable(err)
	}
	if err := atomicfile.Write(p.newCert(), text, mode); err != nil {
		return unusable(err)
	}
	if err := p.replace(); err != nil {
		return unusable(err)
	}
	return nil
}

// replace can be interrupted, and begun again, at any place.
func (p Pair) replace() error {
	if exists(p.newKey()) {
		if err := os.Rename(p.newKey(), p.Key); err != nil {
			return err
		}
		if err := atomicfile.SyncDir(filepath.Dir(p.Key)); err != nil {
			return err
		}
	}
	if err := os.Rename(p.newCert(), p.Cert); err != nil {
		return err
	}
	return atomicfile.SyncDir(filepath.Dir(p.Cert))
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

func unusable(err error) error {
	return qerrors.New(qerrors.BadCertificate, "the certificate and its key cannot be kept: use a folder that the client may write to: %w", err)
}
