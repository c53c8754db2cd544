package certs_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/url"
	"strings"
	"testing"

	"github.com/voilet/QuicFlow/internal/certs"
	"github.com/voilet/QuicFlow/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

func TestServerCertificateIsGoodForItsNames(t *testing.T) {
	ca := newAuthority(t)
	server := keyPair(t)(ca.IssueServer([]string{"hub.example.com", "*.fleet.example.com", "Internal_Name", "192.0.2.7", "2001:db8::7"}, certs.DefaultValidity))
	for _, name := range []string{
		"localhost", "127.0.0.1", "::1",
		"hub.example.com", "a.fleet.example.com", "internal_name", "192.0.2.7", "2001:db8::7",
	} {
		if _, err := handshake(t, serverConfig(server), &tls.Config{RootCAs: pool(ca), ServerName: name}); err != nil {
			t.Errorf("a client that dials %s: %v", name, err)
		}
	}
	for _, name := range []string{"example.com", "a.b.fleet.example.com", "192.0.2.8"} {
		_, err := handshake(t, serverConfig(server), &tls.Config{RootCAs: pool(ca), ServerName: name})
		if wrong, ok := errors.AsType[x509.HostnameError](err); !ok || wrong.Host != name {
			t.Errorf("a client that dials %s: %v, want a hostname error", name, err)
		}
	}
}

func TestServerCertificateNeedsItsAuthority(t *testing.T) {
	server := keyPair(t)(newAuthority(t).IssueServer(nil, certs.DefaultValidity))
	_, err := handshake(t, serverConfig(server), &tls.Config{RootCAs: pool(newAuthority(t)), ServerName: "localhost"})
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); !ok {
		t.Errorf("a client that trusts another authority: %v, want an unknown authority", err)
	}
}

func TestClientCertificateNamesTheClient(t *testing.T) {
	ca := newAuthority(t)
	server := mutualConfig(ca, keyPair(t)(ca.IssueServer(nil, certs.DefaultValidity)))
	for _, id := range []string{"client-001", "a/b c:ü%?#", strings.Repeat("é", 64), strings.Repeat("x", 128)} {
		client := keyPair(t)(ca.IssueClient(id, certs.DefaultValidity))
		peer, err := handshake(t, server, clientConfig(ca, client))
		if err != nil {
			t.Errorf("handshake of client %q: %v", id, err)
			continue
		}
		uri := peer.URIs[0]
		if got, err := url.PathUnescape(uri.Opaque); err != nil || got != id || uri.Scheme != "quic-backbone" {
			t.Errorf("the URI of client %q is %s", id, uri)
		}
		if cn := peer.Subject.CommonName; cn != id && len([]rune(id)) <= 64 || len([]rune(cn)) > 64 {
			t.Errorf("the common name of client %q is %q", id, cn)
		}
	}
}

func TestCertificatesServeOneSideOnly(t *testing.T) {
	ca := newAuthority(t)
	server := keyPair(t)(ca.IssueServer(nil, certs.DefaultValidity))
	client := keyPair(t)(ca.IssueClient("client-001", certs.DefaultValidity))

	// A handshake would fail for the name first, which this certificate cannot have.
	_, err := client.Leaf.Verify(x509.VerifyOptions{Roots: pool(ca), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](err); !ok || invalid.Reason != x509.IncompatibleUsage {
		t.Errorf("a server with a client certificate: %v, want an incompatible usage", err)
	}
	_, err = handshake(t, mutualConfig(ca, server), clientConfig(ca, server))
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](err); !ok || invalid.Reason != x509.IncompatibleUsage {
		t.Errorf("a client with a server certificate: %v, want an incompatible usage", err)
	}
}

// handshake connects a client to a server and returns the certificate that the
// client showed, if any, and what either side complained about. The byte that the
// server sends makes the client see an alert that follows its own handshake.
func handshake(t *testing.T, server, client *tls.Config) (*x509.Certificate, error) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()

	type result struct {
		peer *x509.Certificate
		err  error
	}
	served := make(chan result, 1)
	go func() {
		raw, err := listener.Accept()
		if err != nil {
			served <- result{err: err}
			return
		}
		conn := tls.Server(raw, server)
		defer conn.Close()
		_, err = conn.Write([]byte{1})
		var peer *x509.Certificate
		if certificates := conn.ConnectionState().PeerCertificates; len(certificates) > 0 {
			peer = certificates[0]
		}
		served <- result{peer, err}
	}()
	conn, err := tls.Dial("tcp", listener.Addr().String(), client)
	if err == nil {
		_, err = io.ReadFull(conn, make([]byte, 1))
		err = errors.Join(err, conn.Close())
	}
	r := <-served
	return r.peer, errors.Join(err, r.err)
}

func serverConfig(certificate tls.Certificate) *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS13}
}

func mutualConfig(ca *certs.Authority, certificate tls.Certificate) *tls.Config {
	config := serverConfig(certificate)
	config.ClientAuth, config.ClientCAs = tls.RequireAndVerifyClientCert, pool(ca)
	return config
}

func clientConfig(ca *certs.Authority, certificate tls.Certificate) *tls.Config {
	return &tls.Config{RootCAs: pool(ca), ServerName: "localhost", Certificates: []tls.Certificate{certificate}}
}

func newAuthority(t *testing.T) *certs.Authority {
	t.Helper()
	ca, err := certs.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	return ca
}

func pool(ca *certs.Authority) *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca.Pair().Cert)
	return pool
}

// keyPair returns a function that takes what IssueServer and IssueClient return.
func keyPair(t *testing.T) func(certs.Pair, error) tls.Certificate {
	return func(pair certs.Pair, err error) tls.Certificate {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		certificate, err := tls.X509KeyPair(pair.Cert, pair.Key)
		if err != nil {
			t.Fatal(err)
		}
		return certificate
	}
}
