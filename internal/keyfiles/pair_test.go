package keyfiles_test

import (
	"crypto/tls"
	"crypto/x509"
	"os"
	"testing"
	"time"

	"github.com/voilet/QuicFlow/internal/certs"
	"github.com/voilet/QuicFlow/internal/keyfiles"
	"github.com/voilet/QuicFlow/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// An installation that is interrupted between any two of its steps is completed, or never
// was; a certificate and a key that do not belong together are never there.
func TestInterrupted(t *testing.T) {
	ca, err := certs.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	p := keyfiles.Pair{Cert: dir + "/c.crt", Key: dir + "/c.key"}
	install := func() (certificates [][]byte) {
		request, err := p.Request()
		if err != nil {
			t.Fatal(err)
		}
		r, err := x509.ParseCertificateRequest(request)
		if err != nil {
			t.Fatal(err)
		}
		der, err := ca.SignClient("a", r.PublicKey, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		return [][]byte{der}
	}
	whole := func(when string, there bool) {
		t.Helper()
		if got, err := p.Complete(); got != there || err != nil {
			t.Errorf("%s: there is a pair: %v, %v", when, got, err)
		}
		if _, err := tls.LoadX509KeyPair(p.Cert, p.Key); (err == nil) != there {
			t.Errorf("%s: %v", when, err)
		}
	}
	whole("at the beginning", false)
	certificates := install()
	whole("with a key that has no certificate", false)
	if err := p.Install(certificates); err != nil {
		t.Fatal(err)
	}
	whole("after the first", true)

	rename := func(from, to string) {
		t.Helper()
		if err := os.Rename(from, to); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Install(install()); err != nil {
		t.Fatal(err)
	}
	rename(p.Cert, p.Cert+".new") // as if the last step had not happened
	whole("without the last step", true)
	if err := p.Install(install()); err != nil {
		t.Fatal(err)
	}
	rename(p.Cert, p.Cert+".new")
	rename(p.Key, p.Key+".new")
	whole("without the last two steps", true)
	if err := os.Remove(p.Key); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Complete(); err == nil {
		t.Error("a certificate without its key")
	}
}
