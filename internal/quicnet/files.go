package quicnet

import (
	"context"
	"crypto/tls"
	"errors"
	"io/fs"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// Watch keeps what the files have up to date until ctx ends, for handshakes to come:
// connections that are there stay as they are. It calls reloaded after each change, and
// with an error, once, when the files cannot be used; then all stays as it is.
func (a *ServerAuth) Watch(ctx context.Context, reloaded func(error)) {
	a.shown.Watch(ctx, func(err error) { reloaded(unusable(err, "")) })
}

// Reread looks at the files at once, as [reload.Value.Reread] does.
func (a *ServerAuth) Reread() (changed bool, err error) {
	changed, err = a.shown.Reread()
	return changed, unusable(err, "")
}

// Watch is as that of ServerAuth.
func (a *ClientAuth) Watch(ctx context.Context, reloaded func(error)) {
	a.shown.Watch(ctx, func(err error) { reloaded(unusable(err, a.ca)) })
}

// Reread looks at the files at once, as [reload.Value.Reread] does.
func (a *ClientAuth) Reread() (changed bool, err error) {
	changed, err = a.shown.Reread()
	return changed, unusable(err, a.ca)
}

func bothNeeded() error {
	return qerrors.New(qerrors.BadCertificate, "a certificate file and a key file are both needed")
}

func parsePair(certFile, keyFile string, cert, key []byte) (tls.Certificate, error) {
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return pair, qerrors.New(qerrors.BadCertificate, "%s and %s cannot be used: %w", certFile, keyFile, err)
	}
	return pair, nil
}

// unusable says what to do about a file that cannot be read, of which one may be that of
// the CA. Other errors are of what is in a file, and stay.
func unusable(err error, ca string) error {
	var known *qerrors.Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	what := "the certificate or its key"
	if path := new(fs.PathError); errors.As(err, &path) && path.Path == ca {
		what = "the CA certificate"
	}
	return qerrors.New(qerrors.BadCertificate, "cannot read %s: name other files, or make some for development with quic-ctl certs: %w", what, err)
}
