package certs_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/voilet/QuicFlow/internal/certs"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

func TestCertificateFields(t *testing.T) {
	ca := newAuthority(t)
	root, err := x509.ParseCertificate(keyPair(t)(ca.Pair(), nil).Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	server := keyPair(t)(ca.IssueServer(nil, certs.DefaultValidity)).Leaf
	client := keyPair(t)(ca.IssueClient("c", certs.MaxValidity)).Leaf

	if !root.IsCA || !root.MaxPathLenZero || root.KeyUsage != x509.KeyUsageCertSign|x509.KeyUsageCRLSign {
		t.Errorf("the authority: IsCA %v, MaxPathLenZero %v, KeyUsage %b", root.IsCA, root.MaxPathLenZero, root.KeyUsage)
	}
	for name, leaf := range map[string]*x509.Certificate{"server": server, "client": client} {
		if leaf.IsCA || !leaf.BasicConstraintsValid || leaf.KeyUsage != x509.KeyUsageDigitalSignature {
			t.Errorf("the %s: IsCA %v, KeyUsage %b", name, leaf.IsCA, leaf.KeyUsage)
		}
		if !bytes.Equal(leaf.AuthorityKeyId, root.SubjectKeyId) {
			t.Errorf("the %s names the authority key %x, want %x", name, leaf.AuthorityKeyId, root.SubjectKeyId)
		}
		if public, ok := leaf.PublicKey.(*ecdsa.PublicKey); !ok || public.Curve != elliptic.P256() {
			t.Errorf("the %s has a key %T, want ECDSA P-256", name, leaf.PublicKey)
		}
	}

	serials, keys := map[string]bool{}, map[string]bool{}
	for _, c := range []*x509.Certificate{root, server, client} {
		// 159 random bits have fewer than 96 once in 2^63 times.
		if bits := c.SerialNumber.BitLen(); bits < 96 || bits > 159 {
			t.Errorf("the serial number of %q has %d bits, want a random one of at most 20 bytes", c.Subject, bits)
		}
		if len(c.SubjectKeyId) != 20 {
			t.Errorf("the key id of %q is %x, want 20 bytes", c.Subject, c.SubjectKeyId)
		}
		serials[c.SerialNumber.String()], keys[string(c.SubjectKeyId)] = true, true
	}
	if len(serials) != 3 || len(keys) != 3 {
		t.Errorf("three certificates have %d serial numbers and %d keys", len(serials), len(keys))
	}

	if got, want := root.NotAfter.Sub(root.NotBefore).Round(time.Hour), certs.AuthorityValidity; got != want {
		t.Errorf("the authority is valid for %v, want %v", got, want)
	}
	if got := client.NotAfter.Sub(client.NotBefore); got != certs.MaxValidity {
		t.Errorf("the longest certificate is valid for %v, want %v", got, certs.MaxValidity)
	}
}

func TestIssueRefuses(t *testing.T) {
	ca := newAuthority(t)
	server := func(host string) func() error {
		return func() error { _, err := ca.IssueServer([]string{host}, certs.DefaultValidity); return err }
	}
	client := func(id string) func() error {
		return func() error { _, err := ca.IssueClient(id, certs.DefaultValidity); return err }
	}
	valid := func(d time.Duration) func() error {
		return func() error { _, err := ca.IssueServer(nil, d); return err }
	}
	for _, test := range []struct {
		name  string
		issue func() error
		code  qerrors.Code
		says  string
	}{
		{"empty host", server(""), qerrors.InvalidConfig, `""`},
		{"host with port", server("hub:8474"), qerrors.InvalidConfig, "without a port"},
		{"host with space", server("two words"), qerrors.InvalidConfig, "two words"},
		{"URL", server("https://hub"), qerrors.InvalidConfig, "https://hub"},
		{"empty label", server("a..b"), qerrors.InvalidConfig, "a..b"},
		{"hyphen first", server("-force"), qerrors.InvalidConfig, "-force"},
		{"long label", server(strings.Repeat("a", 64)), qerrors.InvalidConfig, "DNS name"},
		{"long name", server(strings.Repeat("a.", 126) + "ab"), qerrors.InvalidConfig, "DNS name"},
		{"asterisk inside", server("a.*.b"), qerrors.InvalidConfig, "a.*.b"},
		{"empty id", client(""), qerrors.InvalidClientID, "1 to 128"},
		{"long id", client(strings.Repeat("x", 129)), qerrors.InvalidClientID, "1 to 128"},
		{"id with newline", client("a\nb"), qerrors.InvalidClientID, `a\nb`},
		{"id not UTF-8", client("\xff"), qerrors.InvalidClientID, "UTF-8"},
		{"no validity", valid(0), qerrors.InvalidConfig, "825"},
		{"negative validity", valid(-time.Hour), qerrors.InvalidConfig, "825"},
		{"long validity", valid(certs.MaxValidity + 1), qerrors.InvalidConfig, "825"},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := test.issue()
			if qerrors.CodeOf(err) != test.code || err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("got %v, want %v and %q", err, test.code, test.says)
			}
		})
	}
}

func TestNothingOutlivesItsAuthority(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ca := newAuthority(t)
		time.Sleep(certs.AuthorityValidity - 100*24*time.Hour)
		if _, err := ca.IssueServer(nil, 99*24*time.Hour); err != nil {
			t.Errorf("99 days, 100 before the end: %v", err)
		}
		_, err := ca.IssueServer(nil, 101*24*time.Hour)
		if qerrors.CodeOf(err) != qerrors.InvalidConfig || !strings.Contains(err.Error(), "the CA ends on") {
			t.Errorf("101 days, 100 before the end: %v, want an error that says when the CA ends", err)
		}
	})
}

func TestParseAuthorityRefuses(t *testing.T) {
	one, other := newAuthority(t).Pair(), newAuthority(t).Pair()
	leaf, err := newAuthority(t).IssueServer(nil, certs.DefaultValidity)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name string
		pair certs.Pair
		says string
	}{
		{"nothing", certs.Pair{}, `no PEM block "CERTIFICATE"`},
		{"no key", certs.Pair{Cert: one.Cert}, `no PEM block "PRIVATE KEY"`},
		{"swapped", certs.Pair{Cert: one.Key, Key: one.Cert}, "CA certificate cannot be read"},
		{"key of another", certs.Pair{Cert: one.Cert, Key: other.Key}, "do not belong together"},
		{"end-entity certificate", leaf, "not one of a CA"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := certs.ParseAuthority(test.pair)
			if qerrors.CodeOf(err) != qerrors.BadCertificate || err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("got %v, want %v and %q", err, qerrors.BadCertificate, test.says)
			}
		})
	}
}
