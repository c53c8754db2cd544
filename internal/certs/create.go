package certs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// The files of a folder of certificates.
const (
	CACertFile     = "ca.crt"
	CAKeyFile      = "ca.key"
	ServerCertFile = "server.crt"
	ServerKeyFile  = "server.key"
	ClientCertFile = "client.crt"
	ClientKeyFile  = "client.key"
)

// Options says what Create makes.
type Options struct {
	Dir      string        // the folder, made with mode 0755 if need be; "certs" when empty
	Hosts    []string      // the server's further names, see [Authority.IssueServer]; those of the certificate that is renewed when empty
	ClientID string        // the client, see [Authority.IssueClient]; DefaultClientID when empty
	Validity time.Duration // of the server's and the client's certificate; DefaultValidity when zero, at most MaxValidity
	Force    bool          // replace what is there; otherwise existing files are an error
	KeepCA   bool          // issue from the authority in Dir, which is left as it is; with Force, the server's certificate is renewed
	NewKey   bool          // make a new key for a server's certificate that is renewed
}

// Result is what Create made.
type Result struct {
	Files    []string // the paths written
	KeptKey  string   // the path of the server's key, when that was kept
	Hosts    []string // all names of the server
	ClientID string
	NotAfter time.Time // when the server's and the client's certificate end
}

// Create makes an authority, or takes the one in the folder, issues a server and a
// client certificate and writes all to the folder, keys with mode 0600. Unless
// Force is set it fails with an error that is [fs.ErrExist] when one of the files
// is there. A server's certificate that is renewed keeps its key, unless NewKey is
// set: what a hub derives from that, which lets idle clients find out that it was
// restarted, stays the same. It checks everything and makes everything before it replaces the
// first file, and each file is replaced in one step, so that a reader never sees
// half of one.
func Create(o Options) (Result, error) {
	o = o.withDefaults()
	ca, err := o.authority()
	if err != nil {
		return Result{}, err
	}
	key, err := o.renew()
	if err != nil {
		return Result{}, err
	}
	server, err := ca.issueServer(o.Hosts, o.Validity, key)
	if err != nil {
		return Result{}, err
	}
	client, err := ca.IssueClient(o.ClientID, o.Validity)
	if err != nil {
		return Result{}, err
	}

	result := Result{Hosts: withLocalhost(o.Hosts), ClientID: o.ClientID, NotAfter: time.Now().Add(o.Validity - clockSkew)}
	files := []file{{ServerCertFile, server.Cert, certMode}}
	if key == nil {
		files = append(files, file{ServerKeyFile, server.Key, keyMode})
	} else {
		result.KeptKey = filepath.Join(o.Dir, ServerKeyFile)
	}
	files = append(files, file{ClientCertFile, client.Cert, certMode}, file{ClientKeyFile, client.Key, keyMode})
	if !o.KeepCA {
		pair := ca.Pair()
		files = append([]file{{CACertFile, pair.Cert, certMode}, {CAKeyFile, pair.Key, keyMode}}, files...)
	}
	if err := o.checkExisting(files); err != nil {
		return Result{}, err
	}
	if result.Files, err = writeAll(o.Dir, files); err != nil {
		return Result{}, fmt.Errorf("write the certificates: %w", err)
	}
	return result, nil
}

func (o Options) withDefaults() Options {
	if o.Dir == "" {
		o.Dir = "certs"
	}
	if o.ClientID == "" {
		o.ClientID = DefaultClientID
	}
	if o.Validity == 0 {
		o.Validity = DefaultValidity
	}
	return o
}

func (o Options) authority() (*Authority, error) {
	if !o.KeepCA {
		return NewAuthority()
	}
	cert, err := os.ReadFile(filepath.Join(o.Dir, CACertFile))
	if err != nil {
		return nil, qerrors.New(qerrors.BadCertificate, "there is no CA to keep: %w; leave -keep-ca away to make one", err)
	}
	key, err := os.ReadFile(filepath.Join(o.Dir, CAKeyFile))
	if err != nil {
		return nil, qerrors.New(qerrors.BadCertificate, "the key of the CA is missing: %w; leave -keep-ca away to make a new CA", err)
	}
	ca, err := ParseAuthority(Pair{Cert: cert, Key: key})
	if err != nil {
		return nil, fmt.Errorf("use the CA in %s: %w", o.Dir, err)
	}
	return ca, nil
}

// checkExisting fails when Force is not set and one of files is there.
func (o Options) checkExisting(files []file) error {
	if o.Force {
		return nil
	}
	var existing []string
	for _, f := range files {
		path := filepath.Join(o.Dir, f.name)
		if _, err := os.Lstat(path); err == nil {
			existing = append(existing, path)
		} else if !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("look for existing certificates: %w", err)
		}
	}
	if len(existing) == 0 {
		return nil
	}
	advice := "pass -force to replace all six (whoever trusts the CA then needs the new one), or -force -keep-ca to renew the server's and the client's only"
	if o.KeepCA {
		advice = "pass -force to renew the server's and the client's"
	}
	return fmt.Errorf("nothing was written: %w: %s; %s", fs.ErrExist, strings.Join(existing, ", "), advice)
}
