package certs

import (
	"crypto/ecdsa"
	"crypto/x509"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// renew takes over what a renewed server's certificate has in common with the one in
// the folder: the names, unless o has some, and the key, which it returns, or nil
// for a new one.
func (o *Options) renew() (*ecdsa.PrivateKey, error) {
	if !o.KeepCA || !o.Force {
		return nil, nil
	}
	if len(o.Hosts) == 0 {
		cert, err := readOld(o.Dir, ServerCertFile, "name the hosts of the new one with -host", func(data []byte) (*x509.Certificate, error) {
			return parseBlock(data, "CERTIFICATE", x509.ParseCertificate)
		})
		if err != nil {
			return nil, err
		}
		if cert != nil {
			o.Hosts = cert.DNSNames
			for _, ip := range cert.IPAddresses {
				o.Hosts = append(o.Hosts, ip.String())
			}
		}
	}
	if o.NewKey {
		return nil, nil
	}
	return readOld(o.Dir, ServerKeyFile, "pass -new-key to make another", parseKey)
}

// readOld reads what is to be taken over; nil if it is not there.
func readOld[T any](dir, name, advice string, parse func([]byte) (*T, error)) (*T, error) {
	path := filepath.Join(dir, name)
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var old *T
	if err == nil {
		old, err = parse(data)
	}
	if err != nil {
		return nil, qerrors.New(qerrors.BadCertificate, "%s cannot be taken over: %w; %s", path, err, advice)
	}
	return old, nil
}
