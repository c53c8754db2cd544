package auth

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// trust is what certificates are checked with.
type trust struct {
	roots  *x509.CertPool
	denied map[denial]bool
}

// denial is what is denied: a certificate by its serial number, of any issuer if that is
// empty; or a client.
type denial struct {
	issuer string // in DER
	serial string // in hexadecimal digits
	id     string
}

// unrevoked reports whether nothing in a chain, from a client's certificate to that of an
// authority, is denied.
func (t *trust) unrevoked(chain []*x509.Certificate) bool {
	return !slices.ContainsFunc(chain, func(cert *x509.Certificate) bool {
		serial := cert.SerialNumber.Text(16)
		return t.denied[denial{serial: serial}] || t.denied[denial{issuer: string(cert.RawIssuer), serial: serial}]
	})
}

// parse reads the files.
func (c MTLSConfig) parse(files [][]byte) (*trust, error) {
	authorities, err := parseAuthorities(files[0])
	if err != nil {
		return nil, inFile(c.CAFile, err)
	}
	t := &trust{roots: x509.NewCertPool(), denied: map[denial]bool{}}
	for _, ca := range authorities {
		t.roots.AddCert(ca)
	}
	if err := t.addCRLs(files[1], authorities); err != nil {
		return nil, inFile(c.CRLFile, err)
	}
	return t, inFile(c.DeniedFile, t.addDenied(files[2]))
}

func parseAuthorities(text []byte) (all []*x509.Certificate, err error) {
	blocks, err := pemBlocks(text)
	if err != nil {
		return nil, err
	}
	for _, block := range blocks {
		if block.Type != "CERTIFICATE" {
			return nil, qerrors.New(qerrors.BadCertificate, "the file of -client-ca has a PEM block %q: it has to have certificates only", block.Type)
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		switch {
		case err != nil:
			return nil, qerrors.New(qerrors.BadCertificate, "the CA of clients cannot be read: %w", err)
		case !cert.IsCA:
			return nil, qerrors.New(qerrors.BadCertificate, "the certificate of %q is not one of a CA", cert.Subject)
		}
		all = append(all, cert)
	}
	if len(all) == 0 {
		return nil, qerrors.New(qerrors.BadCertificate, "the file of -client-ca has no PEM certificate")
	}
	return all, nil
}

const pemBegin = "-----BEGIN"

// pemBlocks returns all blocks of a file. One of which a part is missing is an error, and
// not skipped as by package pem: the file may be half written.
func pemBlocks(text []byte) (all []*pem.Block, err error) {
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		all = append(all, block)
	}
	if begun := bytes.Count(text, []byte(pemBegin)); begun != len(all) {
		return nil, qerrors.New(qerrors.BadCertificate, "of %d PEM blocks only %d can be read", begun, len(all))
	}
	return all, nil
}

func (t *trust) addCRLs(text []byte, authorities []*x509.Certificate) error {
	switch {
	case text == nil: // there is no file
		return nil
	case len(text) > 0 && !bytes.Contains(text, []byte(pemBegin)):
		return t.addCRL(text, authorities)
	}
	blocks, err := pemBlocks(text)
	switch {
	case err != nil:
		return err
	case len(blocks) == 0:
		return qerrors.New(qerrors.BadCertificate, "the file of -crl has no revocation list that can be read")
	}
	for _, block := range blocks {
		if err := t.addCRL(block.Bytes, authorities); err != nil {
			return err
		}
	}
	return nil
}

func (t *trust) addCRL(der []byte, authorities []*x509.Certificate) error {
	list, err := x509.ParseRevocationList(der)
	if err != nil {
		return qerrors.New(qerrors.BadCertificate, "the revocation list cannot be read: %w", err)
	}
	if !slices.ContainsFunc(authorities, func(ca *x509.Certificate) bool { return list.CheckSignatureFrom(ca) == nil }) {
		return qerrors.New(qerrors.BadCertificate, "the revocation list of %q is not signed by a CA of -client-ca", list.Issuer)
	}
	for _, entry := range list.RevokedCertificateEntries {
		t.denied[denial{issuer: string(list.RawIssuer), serial: entry.SerialNumber.Text(16)}] = true
	}
	return nil
}

// addDenied reads serial numbers as "openssl x509 -serial" and -text print them. A file
// that has lost what was in it must not let anybody in again.
func (t *trust) addDenied(text []byte) error {
	if text != nil && len(bytes.TrimSpace(text)) == 0 {
		return qerrors.New(qerrors.InvalidConfig, "the file of -denied-serials is empty: if nobody is to be denied, say so there with a comment, \"# nobody\"")
	}
	number := 0
	for line := range strings.Lines(string(text)) {
		number++
		d, err := parseDenial(strings.TrimSpace(line))
		if err != nil {
			return qerrors.New(qerrors.InvalidConfig, "line %d: %w", number, err)
		}
		if d != (denial{}) {
			t.denied[d] = true
		}
	}
	return nil
}

// parseDenial returns what a line denies, which is nothing if it has only a comment.
func parseDenial(line string) (d denial, err error) {
	if text, ok := strings.CutPrefix(line, "id:"); ok {
		d.id, err = deniedID(strings.TrimSpace(text))
		return d, err
	}
	line, _, _ = strings.Cut(line, "#")
	line = strings.TrimSpace(line)
	digits := strings.ReplaceAll(strings.TrimPrefix(strings.TrimPrefix(line, "serial="), "0x"), ":", "")
	if digits == "" {
		return d, nil
	}
	serial, ok := new(big.Int).SetString(digits, 16)
	if !ok {
		// A beginning is enough to find it, and if this is another file, shows no secret of it.
		return d, fmt.Errorf("%.12q is no serial number: write hexadecimal digits, or id: and a client id", line)
	}
	return denial{serial: serial.Text(16)}, nil
}

// deniedID returns the client id of a line, which may be in quotes, and have a comment
// behind a space: an id can have any of these.
func deniedID(text string) (string, error) {
	if quoted, err := strconv.QuotedPrefix(text); err == nil {
		id, err := strconv.Unquote(quoted)
		after := strings.TrimSpace(text[len(quoted):])
		if err == nil && (after == "" || after[0] == '#') {
			return id, nil
		}
		return "", fmt.Errorf("%q is no client id in quotes", text)
	}
	for i := range len(text) - 1 {
		if (text[i] == ' ' || text[i] == '\t') && text[i+1] == '#' {
			text = text[:i]
			break
		}
	}
	id := strings.TrimSpace(text)
	if id == "" || id[0] == '#' {
		return "", errors.New("it has id: and no client id")
	}
	return id, nil
}
