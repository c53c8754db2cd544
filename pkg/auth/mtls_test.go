package auth_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/voilet/QuicFlow/internal/testnet"
	"github.com/voilet/QuicFlow/pkg/auth"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/transport/client"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

func TestCertificates(t *testing.T) {
	test(t, func(t *testing.T, n *testnet.Network) {
		ca, other := newAuthority(t), newAuthority(t)
		mtls := must[*auth.MTLS](t)(auth.NewMTLS(auth.MTLSConfig{CAFile: ca.caFile(), CRLFile: ca.crl(7)}))
		hub := n.Hub(testnet.Echo(), known(mtls))
		now := time.Now()

		n.Connect(n.Client("a", nil, ca.good("a", 1)), n.Client("ä/b %", nil, ca.good("ä/b %", 2)))
		refused(t, n, hub, "a", nil, qerrors.NoCredential)
		refused(t, n, hub, "a", other.good("a", 1), qerrors.Unauthenticated)
		refused(t, n, hub, "a", ca.good("b", 3), qerrors.Unauthenticated)
		refused(t, n, hub, "a", ca.issue("a", 4, now.Add(-2*time.Hour), now.Add(-time.Hour)), qerrors.CredentialExpired)
		refused(t, n, hub, "a", ca.issue("a", 5, now.Add(time.Hour), now.Add(2*time.Hour)), qerrors.CredentialExpired)
		refused(t, n, hub, "a", ca.good("a", 7), qerrors.CredentialRevoked)
		refused(t, n, hub, "a", func(c *client.ClientConfig) { // one of a server
			c.TLSCertFile, c.TLSKeyFile = n.Dir()+"/server.crt", n.Dir()+"/server.key"
		}, qerrors.Unauthenticated)
		if got := hub.GetMetrics(); len(got.Disconnected) > 0 {
			t.Errorf("refusals have ended sessions: %v", got.Disconnected)
		}
	})
}

func TestPlaceOfTheClientID(t *testing.T) {
	ca := newAuthority(t)
	for place, want := range map[string]qerrors.Code{
		auth.FromURI: qerrors.OK, auth.FromDNS: qerrors.OK, auth.FromCommonName: qerrors.OK, "": qerrors.OK, "ou": qerrors.InvalidConfig,
	} {
		mtls, err := auth.NewMTLS(auth.MTLSConfig{CAFile: ca.caFile(), ClientIDFrom: place})
		if qerrors.CodeOf(err) != want {
			t.Errorf("%q: %v", place, err)
		}
		if err == nil {
			n := testnet.Loopback(t)
			n.Hub(nil, known(mtls))
			n.Connect(n.Client("a", nil, ca.good("a", 1)))
		}
	}
}

// A client that is connected is closed when it is revoked, and is not let in again, also
// by the TLS session that it had.
func TestRevokedWhileConnected(t *testing.T) {
	for name, revoke := range map[string]func(ca *authority, denied string){
		"by list":   func(ca *authority, _ string) { ca.crl(1) },
		"by serial": func(ca *authority, denied string) { write(ca.t, denied, []byte("# stolen\nserial=01\n")) },
		"by id":     func(ca *authority, denied string) { write(ca.t, denied, []byte("id: a\n")) },
	} {
		t.Run(name, func(t *testing.T) {
			test(t, func(t *testing.T, n *testnet.Network) {
				ca, denied := newAuthority(t), t.TempDir()+"/denied"
				write(t, denied, []byte("# nobody\n"))
				mtls := must[*auth.MTLS](t)(auth.NewMTLS(auth.MTLSConfig{CAFile: ca.caFile(), CRLFile: ca.crl(), DeniedFile: denied}))
				hub := n.Hub(testnet.Echo(), known(mtls))
				a := n.Client("a", nil, func(c *client.ClientConfig) {
					ca.good("a", 1)(c)
					c.ReconnectEnabled, c.InitialBackoff, c.MaxRetries = true, time.Millisecond, 3
				})
				b := n.Client("b", nil, ca.good("b", 2))
				n.Connect(a, b)
				revoke(ca, denied)
				ended(t, a, qerrors.RetriesExhausted) // which resume its TLS session
				synctest.Wait()
				got := hub.GetMetrics()
				if got.Disconnected[qerrors.CredentialRevoked] != 1 || got.Refused[qerrors.CredentialRevoked] != 3 {
					t.Errorf("disconnected %v, refused %v", got.Disconnected, got.Refused)
				}
				if err := b.Ready(); err != nil {
					t.Errorf("the other client: %v", err)
				}
			})
		})
	}
}

// A file that cannot be used leaves what it had before in force.
func TestBrokenRevocationList(t *testing.T) {
	test(t, func(t *testing.T, n *testnet.Network) {
		ca := newAuthority(t)
		crl := ca.crl(1)
		var log testnet.Log
		mtls := must[*auth.MTLS](t)(auth.NewMTLS(auth.MTLSConfig{CAFile: ca.caFile(), CRLFile: crl}))
		write(t, crl, []byte("nonsense"))
		hub := n.Hub(nil, logging(&log, mtls))
		good := n.Client("b", nil, ca.good("b", 2))
		n.Connect(good)
		time.Sleep(time.Minute)
		if lines := unusable(&log); good.Ready() != nil || len(lines) != 1 || !strings.Contains(lines[0], crl+": ") {
			t.Errorf("the other client: %v; the log has %q, want one line", good.Ready(), lines)
		}
		refused(t, n, hub, "a", ca.good("a", 1), qerrors.CredentialRevoked)
		other := newAuthority(t)
		if _, err := auth.NewMTLS(auth.MTLSConfig{CAFile: ca.caFile(), CRLFile: other.crl(1)}); qerrors.CodeOf(err) != qerrors.InvalidConfig {
			t.Errorf("a list of another authority: %v", err)
		}
	})
}

// Who has no credential of a client cannot take its place.
func TestTakeoverNeedsTheCredential(t *testing.T) {
	test(t, func(t *testing.T, n *testnet.Network) {
		ca := newAuthority(t)
		mtls := must[*auth.MTLS](t)(auth.NewMTLS(auth.MTLSConfig{CAFile: ca.caFile()}))
		hub := n.Hub(testnet.Echo(), known(mtls))
		first := n.Client("a", testnet.Echo(), ca.good("a", 1))
		n.Connect(first)
		refused(t, n, hub, "a", ca.good("b", 2), qerrors.Unauthenticated)
		refused(t, n, hub, "a", nil, qerrors.NoCredential)
		if ack, err := hub.SendMessage(t.Context(), "a", testnet.Command("x"), true, 0); err != nil || string(ack.Result) != "x" {
			t.Errorf("the one that is connected answers %v, %v", ack, err)
		}
		n.Connect(n.Client("elsewhere", testnet.Echo(), as("a", ca.good("a", 3)))) // its own new certificate
		ended(t, first, qerrors.Replaced)
	})
}

// Each client id can be denied, whatever it is made of.
func TestDenyAnyClientID(t *testing.T) {
	for _, id := range []string{"node#1", "a b", "a # b", " a", "a "} {
		test(t, func(t *testing.T, n *testnet.Network) {
			ca, denied := newAuthority(t), t.TempDir()+"/denied"
			text := "id:" + id + "\n"
			if strings.TrimSpace(id) != id || strings.Contains(id, " #") {
				text = fmt.Sprintf("id:%q # stolen\n", id)
			}
			write(t, denied, []byte(text))
			hub := n.Hub(nil, known(must[*auth.MTLS](t)(auth.NewMTLS(auth.MTLSConfig{CAFile: ca.caFile(), DeniedFile: denied}))))
			refused(t, n, hub, id, ca.good(id, 1), qerrors.CredentialRevoked)
		})
	}
}

// A list of who is denied that has become empty lets nobody in again; one that says that
// nobody is does.
func TestEmptiedDenials(t *testing.T) {
	test(t, func(t *testing.T, n *testnet.Network) {
		ca, denied := newAuthority(t), t.TempDir()+"/denied"
		write(t, denied, []byte("id:a\n"))
		var log testnet.Log
		config := auth.MTLSConfig{CAFile: ca.caFile(), DeniedFile: denied}
		hub := n.Hub(nil, logging(&log, must[*auth.MTLS](t)(auth.NewMTLS(config))))
		for _, text := range []string{"", "\n"} {
			write(t, denied, []byte(text))
			time.Sleep(time.Minute)
			refused(t, n, hub, "a", ca.good("a", 1), qerrors.CredentialRevoked)
			if _, err := auth.NewMTLS(config); qerrors.CodeOf(err) != qerrors.InvalidConfig || !strings.Contains(err.Error(), "# nobody") {
				t.Errorf("the error at the start is %v", err)
			}
		}
		if lines := unusable(&log); len(lines) == 0 || !strings.Contains(lines[0], denied+": ") {
			t.Errorf("the log has %q", lines)
		}
		write(t, denied, []byte("# nobody\n"))
		time.Sleep(time.Minute)
		n.Connect(n.Client("a", nil, ca.good("a", 1)))
	})
}

// A revocation list of which a part, or nothing, is there lets nobody in again.
func TestHalfARevocationList(t *testing.T) {
	for name, half := range map[string]func([]byte) []byte{
		"empty":      func([]byte) []byte { return nil },
		"the second": func(b []byte) []byte { return b[:len(b)-40] },
	} {
		t.Run(name, func(t *testing.T) {
			test(t, func(t *testing.T, n *testnet.Network) {
				ca, other := newAuthority(t), newAuthority(t)
				write(t, ca.caFile(), append(must[[]byte](t)(os.ReadFile(other.caFile())), must[[]byte](t)(os.ReadFile(ca.caFile()))...))
				all := append(must[[]byte](t)(os.ReadFile(other.crl(5))), must[[]byte](t)(os.ReadFile(ca.crl(1)))...)
				crl := t.TempDir() + "/crl"
				write(t, crl, all)
				hub := n.Hub(nil, known(must[*auth.MTLS](t)(auth.NewMTLS(auth.MTLSConfig{CAFile: ca.caFile(), CRLFile: crl}))))
				refused(t, n, hub, "a", ca.good("a", 1), qerrors.CredentialRevoked)
				write(t, crl, half(all))
				time.Sleep(2 * time.Second)
				refused(t, n, hub, "a", ca.good("a", 1), qerrors.CredentialRevoked)
			})
		})
	}
}

// What a stranger writes into a certificate does not fill the log.
func TestLongNamesOfCertificates(t *testing.T) {
	ca := newAuthority(t)
	mtls := must[*auth.MTLS](t)(auth.NewMTLS(auth.MTLSConfig{CAFile: ca.caFile(), ClientIDFrom: auth.FromDNS}))
	key := must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	name := pkix.Name{CommonName: strings.Repeat("x", 12<<10)}
	issue := func(serial int64, isCA bool, subject pkix.Name, signer *ecdsa.PrivateKey) *x509.Certificate {
		template := &x509.Certificate{SerialNumber: big.NewInt(serial), Subject: subject, NotAfter: time.Now().Add(time.Hour),
			IsCA: isCA, BasicConstraintsValid: true, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
		if !isCA {
			template.DNSNames = []string{"a"}
		}
		parent := &x509.Certificate{Subject: name}
		der := must[[]byte](t)(x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer))
		return must[*x509.Certificate](t)(x509.ParseCertificate(der))
	}
	other := must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	_, err := mtls.Authenticate(t.Context(), server.Credentials{ClientID: "a",
		Certificates: []*x509.Certificate{issue(1, false, pkix.Name{}, other), issue(2, true, name, key)}})
	if qerrors.CodeOf(err) != qerrors.Unauthenticated || len(err.Error()) > 1024 {
		t.Errorf("the refusal has %d bytes: %.300v", len(err.Error()), err)
	}
}

// A connection does not outlive a certificate between that of the client and the authority.
func TestIntermediateExpires(t *testing.T) {
	rootKey := must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	template := func(cn string, serial int64, isCA bool, d time.Duration) *x509.Certificate {
		return &x509.Certificate{SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: cn}, NotBefore: time.Now().Add(-time.Minute), NotAfter: time.Now().Add(d),
			IsCA: isCA, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature}
	}
	sign := func(of, parent *x509.Certificate, public any, signer *ecdsa.PrivateKey) *x509.Certificate {
		return must[*x509.Certificate](t)(x509.ParseCertificate(must[[]byte](t)(x509.CreateCertificate(rand.Reader, of, parent, public, signer))))
	}
	ofRoot := template("root", 1, true, 24*time.Hour)
	root := sign(ofRoot, ofRoot, rootKey.Public(), rootKey)
	interKey := must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	inter := sign(template("inter", 2, true, 10*time.Minute), root, interKey.Public(), rootKey)
	leafKey := must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	ofLeaf := template("a", 3, false, time.Hour)
	ofLeaf.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	leaf := sign(ofLeaf, inter, leafKey.Public(), interKey)
	file := t.TempDir() + "/root"
	write(t, file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root.Raw}))
	m := must[*auth.MTLS](t)(auth.NewMTLS(auth.MTLSConfig{CAFile: file, ClientIDFrom: auth.FromCommonName}))
	id := must[server.Identity](t)(m.Authenticate(t.Context(), server.Credentials{ClientID: "a", Certificates: []*x509.Certificate{leaf, inter}}))
	if id.Expires.After(inter.NotAfter) {
		t.Errorf("the connection ends at %v, after the certificate that signed it at %v", id.Expires, inter.NotAfter)
	}
}
