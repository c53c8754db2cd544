package auth_test

import (
	"bytes"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/voilet/QuicFlow/internal/certs"
	"github.com/voilet/QuicFlow/internal/keyfiles"
	"github.com/voilet/QuicFlow/internal/testnet"
	"github.com/voilet/QuicFlow/internal/tokens"
	"github.com/voilet/QuicFlow/pkg/auth"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/transport/client"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

// enrolling configures a hub that gives certificates for an hour.
func enrolling(t *testing.T, dir string) func(*server.ServerConfig) {
	t.Helper()
	ca, key, denied := dir+"/ca.crt", dir+"/ca.key", dir+"/denied"
	if _, err := os.Stat(ca); err != nil {
		authority := must[*certs.Authority](t)(certs.NewAuthority())
		write(t, ca, authority.Pair().Cert)
		write(t, key, authority.Pair().Key)
		write(t, denied, []byte("# nobody\n"))
	}
	mtls := must[*auth.MTLS](t)(auth.NewMTLS(auth.MTLSConfig{CAFile: ca, DeniedFile: denied}))
	enroller := must[*auth.Enroller](t)(auth.NewEnroller(auth.EnrollerConfig{
		CAFile: ca, CAKeyFile: key, TokenDir: dir + "/enroll", Validity: time.Hour,
	}))
	return func(c *server.ServerConfig) { c.Authenticators, c.Enroller = []server.Authenticator{mtls}, enroller }
}

func enrollToken(t *testing.T, dir, id string) string {
	t.Helper()
	return must[string](t)(tokens.AddOnce(dir+"/enroll", id, time.Now().Add(time.Hour)))
}

// enrolls configures a client that gets its certificate into dir.
func enrolls(dir, token string) func(*client.ClientConfig) {
	return func(c *client.ClientConfig) {
		c.EnrollToken, c.TLSCertFile, c.TLSKeyFile = token, dir+"/own/client.crt", dir+"/own/client.key"
	}
}

func TestEnrolment(t *testing.T) {
	test(t, func(t *testing.T, n *testnet.Network) {
		dir, mine := t.TempDir(), t.TempDir()
		hub := n.Hub(testnet.Echo(), enrolling(t, dir))
		token := enrollToken(t, dir, "a")
		refused(t, n, hub, "b", enrolls(t.TempDir(), token), qerrors.Unauthenticated)
		refused(t, n, hub, "a", enrolls(t.TempDir(), token+"x"), qerrors.Unauthenticated)
		refused(t, n, hub, "a", enrolls(t.TempDir(), tokens.Enrollment+"../../ca_X"), qerrors.Unauthenticated)

		a := n.Client("a", testnet.Echo(), enrolls(mine, token))
		n.Connect(a)
		if ack, err := hub.SendMessage(t.Context(), "a", testnet.Command("x"), true, 0); err != nil || string(ack.Result) != "x" {
			t.Errorf("a client that was enrolled answers %v, %v", ack, err)
		}
		for _, name := range []string{"client.crt", "client.key"} {
			if info, err := os.Stat(mine + "/own/" + name); err != nil || info.Mode() != 0o600 {
				t.Errorf("%s: %v, %v", name, info, err)
			}
		}
		if files := must[[]os.DirEntry](t)(os.ReadDir(mine + "/own")); len(files) != 2 {
			t.Errorf("the folder has %v", files)
		}
		refused(t, n, hub, "a", enrolls(t.TempDir(), token), qerrors.CredentialUsed)
		if err := a.Ready(); err != nil {
			t.Errorf("a replayed token has disturbed the client: %v", err)
		}
		if err := hub.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		hub = n.Hub(testnet.Echo(), enrolling(t, dir)) // the used token stays used
		refused(t, n, hub, "a", enrolls(t.TempDir(), token), qerrors.CredentialUsed)
		n.Connect(n.Client("again", nil, as("a", enrolls(mine, "")))) // by its certificate

		late := enrollToken(t, dir, "late")
		time.Sleep(61 * time.Minute)
		refused(t, n, hub, "late", enrolls(t.TempDir(), late), qerrors.CredentialExpired)
	})
}

// A client whose answer was lost asks again with the same key, and gets a certificate.
func TestLostAnswerOfAnEnrolment(t *testing.T) {
	test(t, func(t *testing.T, n *testnet.Network) {
		dir, mine := t.TempDir(), t.TempDir()
		configure := enrolling(t, dir)
		token := enrollToken(t, dir, "a")
		var c server.ServerConfig
		configure(&c)
		lost := must[[]byte](t)(keyfiles.Pair{Cert: mine + "/own/client.crt", Key: mine + "/own/client.key"}.Request())
		if _, err := c.Enroller.Enroll(t.Context(), token, "a", lost); err != nil {
			t.Fatal(err)
		}
		n.Hub(nil, configure)
		n.Connect(n.Client("a", nil, enrolls(mine, token)))
	})
}

// A client that stays connected renews its certificate, again and again, and keeps its
// connection. One that was revoked gets no new one.
func TestRenewal(t *testing.T) {
	test(t, func(t *testing.T, n *testnet.Network) {
		dir, mine := t.TempDir(), t.TempDir()
		hub := n.Hub(testnet.Echo(), enrolling(t, dir))
		a := n.Client("a", nil, enrolls(mine, enrollToken(t, dir, "a")))
		n.Connect(a)
		first := must[[]byte](t)(os.ReadFile(mine + "/own/client.crt"))
		time.Sleep(4 * time.Hour)
		if got := hub.GetMetrics(); a.Ready() != nil || got.Connections != 1 || len(got.Refused) > 0 {
			t.Errorf("after four times its validity: %v, %d connections, refused %v", a.Ready(), got.Connections, got.Refused)
		}
		if latest := must[[]byte](t)(os.ReadFile(mine + "/own/client.crt")); bytes.Equal(first, latest) {
			t.Error("the certificate is the first one")
		}
		write(t, dir+"/denied", []byte("id:a"))
		ended(t, a, qerrors.CredentialRevoked)
		refused(t, n, hub, "a", enrolls(mine, ""), qerrors.CredentialRevoked)
	})
}

// A client cannot make the hub sign without end.
func TestRenewalTooEarly(t *testing.T) {
	var c server.ServerConfig
	enrolling(t, t.TempDir())(&c)
	request := must[[]byte](t)(keyfiles.Pair{Cert: t.TempDir() + "/c", Key: t.TempDir() + "/k"}.Request())
	if _, err := c.Enroller.Renew(t.Context(), nil, "a", request); qerrors.CodeOf(err) != qerrors.Unauthenticated {
		t.Errorf("without a certificate: %v", err)
	}
	test(t, func(t *testing.T, n *testnet.Network) {
		dir, mine := t.TempDir(), t.TempDir()
		configure := enrolling(t, dir)
		configure(&c)
		n.Hub(nil, configure)
		n.Connect(n.Client("a", nil, enrolls(mine, enrollToken(t, dir, "a"))))
		pair := must[tls.Certificate](t)(tls.LoadX509KeyPair(mine+"/own/client.crt", mine+"/own/client.key"))
		chain := []*x509.Certificate{pair.Leaf}
		if _, err := c.Enroller.Renew(t.Context(), chain, "a", request); qerrors.CodeOf(err) != qerrors.Unauthenticated {
			t.Errorf("at once: %v", err)
		}
		time.Sleep(50 * time.Minute)
		if _, err := c.Enroller.Renew(t.Context(), chain, "b", request); qerrors.CodeOf(err) != qerrors.Unauthenticated {
			t.Errorf("another client: %v", err)
		}
		if _, err := c.Enroller.Renew(t.Context(), chain, "a", request); err != nil {
			t.Errorf("in time: %v", err)
		}
		time.Sleep(50 * time.Minute)
		if _, err := c.Enroller.Renew(t.Context(), chain, "a", request); qerrors.CodeOf(err) != qerrors.CredentialExpired {
			t.Errorf("too late: %v", err)
		}
	})
}

// A certificate of another authority is not renewed, nor is one by a hub that gives none.
func TestRenewalNeedsTheHubsCertificate(t *testing.T) {
	test(t, func(t *testing.T, n *testnet.Network) {
		dir, other := t.TempDir(), newAuthority(t)
		var config server.ServerConfig
		enrolling(t, dir)(&config)
		mtls := must[*auth.MTLS](t)(auth.NewMTLS(auth.MTLSConfig{CAFile: other.caFile()}))
		hub := n.Hub(nil, func(c *server.ServerConfig) {
			c.Authenticators, c.Enroller = []server.Authenticator{mtls}, config.Enroller
		})
		c := n.Client("a", nil, func(c *client.ClientConfig) {
			other.good("a", 1)(c)
			c.RenewCertificate = true
		})
		n.Connect(c)
		time.Sleep(50 * time.Minute)
		if got := hub.GetMetrics().Refused[qerrors.Unauthenticated]; got == 0 {
			t.Error("nothing was refused")
		}
		ended(t, c, qerrors.CredentialExpired)
	})
}

// Who has stolen a client with its enrolment token, which is still good, does not get
// another certificate after the first was revoked by its serial number.
func TestEnrolmentAgainGivesTheSameCertificate(t *testing.T) {
	dir, mine := t.TempDir(), t.TempDir()
	var c server.ServerConfig
	enrolling(t, dir)(&c)
	token := enrollToken(t, dir, "a")
	request := must[[]byte](t)(keyfiles.Pair{Cert: mine + "/c", Key: mine + "/k"}.Request())
	first := must[[][]byte](t)(c.Enroller.Enroll(t.Context(), token, "a", request))
	again := must[[][]byte](t)(c.Enroller.Enroll(t.Context(), token, "a", request))
	one, other := must[*x509.Certificate](t)(x509.ParseCertificate(first[0])), must[*x509.Certificate](t)(x509.ParseCertificate(again[0]))
	if one.SerialNumber.Cmp(other.SerialNumber) != 0 {
		t.Errorf("one token gave the certificates %x and %x", one.SerialNumber, other.SerialNumber)
	}
}

// An enormous key costs the hub nothing.
func TestEnrolmentWithAnEnormousKey(t *testing.T) {
	dir := t.TempDir()
	var c server.ServerConfig
	enrolling(t, dir)(&c)
	n := new(big.Int).Lsh(big.NewInt(1), 57000)
	n.Sub(n, big.NewInt(1))
	public := must[[]byte](t)(x509.MarshalPKIXPublicKey(&rsa.PublicKey{N: n, E: 1<<31 - 1}))
	info := struct {
		Version    int
		Subject    asn1.RawValue
		PublicKey  asn1.RawValue
		Attributes []asn1.RawValue `asn1:"tag:0"`
	}{Subject: asn1.RawValue{FullBytes: []byte{0x30, 0}}, PublicKey: asn1.RawValue{FullBytes: public}}
	tbs := must[[]byte](t)(asn1.Marshal(info))
	request := must[[]byte](t)(asn1.Marshal(struct {
		TBS       asn1.RawValue
		Algorithm pkix.AlgorithmIdentifier
		Signature asn1.BitString
	}{asn1.RawValue{FullBytes: tbs},
		pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 11}, Parameters: asn1.NullRawValue},
		asn1.BitString{Bytes: make([]byte, 57000/8), BitLength: 57000}}))
	_, err := c.Enroller.Enroll(t.Context(), "", "a", request)
	if err == nil || !strings.Contains(err.Error(), "has to be ECDSA or Ed25519") {
		t.Errorf("its signature was looked at before its kind: %v", err)
	}
}
