package auth_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/voilet/QuicFlow/internal/certs"
	"github.com/voilet/QuicFlow/internal/leaktest"
	"github.com/voilet/QuicFlow/internal/testnet"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/transport/client"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// authority signs what certs would not, such as certificates that are not valid yet.
type authority struct {
	t    *testing.T
	dir  string
	cert *x509.Certificate
	key  crypto.Signer
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	ca, err := certs.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	a := &authority{t: t, dir: t.TempDir()}
	block, _ := pem.Decode(ca.Pair().Cert)
	if a.cert, err = x509.ParseCertificate(block.Bytes); err != nil {
		t.Fatal(err)
	}
	keyBlock, _ := pem.Decode(ca.Pair().Key)
	key, err := x509.ParsePKCS8PrivateKey(keyBlock.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	a.key = key.(crypto.Signer)
	write(t, a.caFile(), ca.Pair().Cert)
	return a
}

func (a *authority) caFile() string { return filepath.Join(a.dir, "ca.crt") }

// issue writes a certificate for id, and returns how a client shows it.
func (a *authority) issue(id string, serial int64, from, to time.Time) func(*client.ClientConfig) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(serial), NotBefore: from, NotAfter: to,
		Subject:     pkix.Name{CommonName: id},
		DNSNames:    []string{url.PathEscape(id)},
		URIs:        []*url.URL{{Scheme: "quic-backbone", Opaque: url.PathEscape(id)}},
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}, a.cert, key.Public(), a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	dir := a.t.TempDir()
	write(a.t, dir+"/c.crt", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	write(a.t, dir+"/c.key", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}))
	return func(c *client.ClientConfig) { c.TLSCertFile, c.TLSKeyFile = dir+"/c.crt", dir+"/c.key" }
}

// good issues a certificate that is valid now.
func (a *authority) good(id string, serial int64) func(*client.ClientConfig) {
	return a.issue(id, serial, time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
}

// crl writes a list that revokes the serial numbers.
func (a *authority) crl(serials ...int64) (path string) {
	a.t.Helper()
	list := &x509.RevocationList{Number: big.NewInt(int64(len(serials))), ThisUpdate: time.Now(), NextUpdate: time.Now().Add(time.Hour)}
	for _, serial := range serials {
		list.RevokedCertificateEntries = append(list.RevokedCertificateEntries,
			x509.RevocationListEntry{SerialNumber: big.NewInt(serial), RevocationTime: time.Now()})
	}
	der, err := x509.CreateRevocationList(rand.Reader, list, a.cert, a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	path = filepath.Join(a.dir, "ca.crl")
	write(a.t, path, pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: der}))
	return path
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// known returns a configuration of a hub whose clients a knows.
func known(a ...server.Authenticator) func(*server.ServerConfig) {
	return func(c *server.ServerConfig) { c.Authenticators = a }
}

// test runs f in virtual time, on a network of its own.
func test(t *testing.T, f func(t *testing.T, n *testnet.Network)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { f(t, testnet.Virtual(t)) })
}

// refused expects that a client is not let in, with a code that the hub counts.
func refused(t *testing.T, n *testnet.Network, hub *server.Server, id string, show func(*client.ClientConfig), want qerrors.Code) {
	t.Helper()
	before := hub.GetMetrics()
	err := n.Client("elsewhere", nil, as(id, show)).Connect(n.Addr())
	if qerrors.CodeOf(err) != want {
		t.Errorf("%s is refused with %v, want %v", id, err, want)
	}
	synctest.Wait()
	after := hub.GetMetrics()
	if after.Refused[want] != before.Refused[want]+1 || after.Connections != before.Connections {
		t.Errorf("the hub has counted %v, %d connections", after.Refused, after.Connections)
	}
}

// as configures a client that has another name than its place in the network.
func as(id string, show func(*client.ClientConfig)) func(*client.ClientConfig) {
	return func(c *client.ClientConfig) {
		c.ClientID = id
		if show != nil {
			show(c)
		}
	}
}

// ended expects that the hub ends the connection of c with a code.
func ended(t *testing.T, c *client.Client, want qerrors.Code) {
	t.Helper()
	select {
	case <-c.Done():
		if code := qerrors.CodeOf(c.Err()); code != want {
			t.Errorf("the connection ended with %v, want %v", c.Err(), want)
		}
	case <-time.After(time.Hour):
		t.Errorf("the connection goes on, want its end with %v", want)
	}
}

func must[T any](t *testing.T) func(T, error) T {
	return func(value T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}
