package auth_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"maps"
	"net"
	"os"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/golang-jwt/jwt/v5"

	"github.com/voilet/QuicFlow/internal/testnet"
	"github.com/voilet/QuicFlow/pkg/auth"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/transport/client"
)

func addr(t *testing.T, n *testnet.Network) net.Addr {
	t.Helper()
	return must[*net.UDPAddr](t)(net.ResolveUDPAddr("udp", n.Addr()))
}

func publicPEM(t *testing.T, public any) []byte {
	t.Helper()
	der := must[[]byte](t)(x509.MarshalPKIXPublicKey(public))
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

// claims are good for client a, but for what changes says.
func claims(changes jwt.MapClaims) jwt.MapClaims {
	c := jwt.MapClaims{"sub": "a", "aud": auth.DefaultAudience, "exp": time.Now().Add(time.Hour).Unix()}
	maps.Copy(c, changes)
	maps.DeleteFunc(c, func(_ string, v any) bool { return v == nil })
	return c
}

func TestJWT(t *testing.T) {
	test(t, func(t *testing.T, n *testnet.Network) {
		key := must[*rsa.PrivateKey](t)(rsa.GenerateKey(rand.Reader, 2048))
		stranger := must[*rsa.PrivateKey](t)(rsa.GenerateKey(rand.Reader, 2048))
		public := publicPEM(t, key.Public())
		file := t.TempDir() + "/jwt.pem"
		write(t, file, public)
		hub := n.Hub(testnet.Echo(), known(must[*auth.JWT](t)(auth.NewJWT(auth.JWTConfig{KeyFile: file, Issuer: "idp"}))))
		sign := func(method jwt.SigningMethod, key any, changes jwt.MapClaims) func(*client.ClientConfig) {
			t.Helper()
			changes = maps.Clone(changes)
			if changes == nil {
				changes = jwt.MapClaims{}
			}
			if _, other := changes["iss"]; !other {
				changes["iss"] = "idp"
			}
			return shows(must[string](t)(jwt.NewWithClaims(method, claims(changes)).SignedString(key)))
		}
		rs := jwt.SigningMethodRS256
		n.Connect(n.Client("a", nil, sign(rs, key, nil)))
		refused(t, n, hub, "b", sign(rs, key, nil), qerrors.Unauthenticated)
		refused(t, n, hub, "a", sign(rs, stranger, nil), qerrors.Unauthenticated)
		refused(t, n, hub, "a", sign(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, nil), qerrors.Unauthenticated)
		refused(t, n, hub, "a", sign(jwt.SigningMethodHS256, public, nil), qerrors.Unauthenticated) // key confusion
		refused(t, n, hub, "a", sign(rs, key, jwt.MapClaims{"aud": "another"}), qerrors.Unauthenticated)
		refused(t, n, hub, "a", sign(rs, key, jwt.MapClaims{"aud": nil}), qerrors.Unauthenticated)
		refused(t, n, hub, "a", sign(rs, key, jwt.MapClaims{"iss": "another"}), qerrors.Unauthenticated)
		refused(t, n, hub, "a", sign(rs, key, jwt.MapClaims{"exp": nil}), qerrors.Unauthenticated)
		refused(t, n, hub, "a", sign(rs, key, jwt.MapClaims{"sub": nil}), qerrors.Unauthenticated)
		refused(t, n, hub, "a", sign(rs, key, jwt.MapClaims{"exp": time.Now().Add(-time.Hour).Unix()}), qerrors.CredentialExpired)
		refused(t, n, hub, "a", sign(rs, key, jwt.MapClaims{"nbf": time.Now().Add(time.Hour).Unix()}), qerrors.CredentialExpired)
		refused(t, n, hub, "a", shows("e30.e30.e30"), qerrors.Unauthenticated)
		refused(t, n, hub, "a", shows("a.b.c"), qerrors.Unauthenticated)
	})
}

// The keys of a set count by their names and kinds, and no longer than they are in it.
func TestJWKS(t *testing.T) {
	test(t, func(t *testing.T, n *testnet.Network) {
		ec := must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
		edPublic, ed, _ := ed25519.GenerateKey(rand.Reader)
		file := t.TempDir() + "/jwks.json"
		publish := func(keys ...jose.JSONWebKey) {
			write(t, file, must[[]byte](t)(json.Marshal(jose.JSONWebKeySet{Keys: keys})))
		}
		ecKey, edKey := jose.JSONWebKey{Key: ec.Public(), KeyID: "ec", Use: "sig"}, jose.JSONWebKey{Key: edPublic, KeyID: "ed"}
		publish(ecKey, edKey)
		hub := n.Hub(nil, known(must[*auth.JWT](t)(auth.NewJWT(auth.JWTConfig{JWKSFile: file}))))
		sign := func(method jwt.SigningMethod, key any, id, sub string) func(*client.ClientConfig) {
			token := jwt.NewWithClaims(method, claims(jwt.MapClaims{"sub": sub}))
			token.Header["kid"] = id
			return shows(must[string](t)(token.SignedString(key)))
		}
		byEC := n.Client("a", nil, sign(jwt.SigningMethodES256, ec, "ec", "a"))
		byEd := n.Client("b", nil, sign(jwt.SigningMethodEdDSA, ed, "ed", "b"))
		n.Connect(byEC, byEd)
		refused(t, n, hub, "a", sign(jwt.SigningMethodES256, ec, "ed", "a"), qerrors.Unauthenticated)
		publish(edKey)
		ended(t, byEC, qerrors.Unauthenticated)
		if err := byEd.Ready(); err != nil {
			t.Errorf("the other client: %v", err)
		}
	})
	secret := t.TempDir() + "/secret.json"
	write(t, secret, []byte(`{"keys":[{"kty":"oct","k":"c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"}]}`))
	for name, config := range map[string]auth.JWTConfig{
		"no keys":           {},
		"a shared secret":   {JWKSFile: secret},
		"none":              {KeyFile: secret, Algorithms: []string{"none"}},
		"a symmetric one":   {KeyFile: secret, Algorithms: []string{"HS256"}},
		"a file without":    {KeyFile: secret},
		"a file that isn't": {KeyFile: secret + "x"},
	} {
		if _, err := auth.NewJWT(config); qerrors.CodeOf(err) != qerrors.InvalidConfig {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The connection lives as long as the token, or the one that is shown while it is open.
func TestNewJWTOnTheConnection(t *testing.T) {
	test(t, func(t *testing.T, n *testnet.Network) {
		public, key, _ := ed25519.GenerateKey(rand.Reader)
		dir := t.TempDir()
		write(t, dir+"/jwt.pem", publicPEM(t, public))
		hub := n.Hub(testnet.Echo(), known(must[*auth.JWT](t)(auth.NewJWT(auth.JWTConfig{KeyFile: dir + "/jwt.pem"}))))
		lasting := func(id string, d time.Duration) []byte {
			token := jwt.NewWithClaims(jwt.SigningMethodEdDSA, claims(jwt.MapClaims{"sub": id, "exp": time.Now().Add(d).Unix()}))
			return []byte(must[string](t)(token.SignedString(key)))
		}
		write(t, dir+"/a", lasting("a", time.Hour))
		a := n.Client("a", nil, func(c *client.ClientConfig) { c.TokenFile = dir + "/a" })
		b := n.Client("b", nil, shows(string(lasting("b", time.Hour))))
		n.Connect(a, b)
		time.Sleep(50 * time.Minute)
		write(t, dir+"/a", lasting("b", time.Hour)) // of another: it changes nothing
		time.Sleep(time.Minute)
		write(t, dir+"/a", lasting("a", time.Hour))
		ended(t, b, qerrors.CredentialExpired)
		time.Sleep(20 * time.Minute)
		if err := a.Ready(); err != nil {
			t.Errorf("with a new token: %v", err)
		}
		if got := hub.GetMetrics(); got.Refused[qerrors.Unauthenticated] != 1 || got.Connections != 2 {
			t.Errorf("refused %v, %d connections", got.Refused, got.Connections)
		}
		ended(t, a, qerrors.CredentialExpired)
	})
}

// The last key of a set can be taken out as any other.
func TestLastJWK(t *testing.T) {
	test(t, func(t *testing.T, n *testnet.Network) {
		public, key, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		file := t.TempDir() + "/jwks"
		write(t, file, must[[]byte](t)(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: public, KeyID: "1"}}}.Keys[0].MarshalJSON()))
		write(t, file, []byte(`{"keys":[`+string(must[[]byte](t)(os.ReadFile(file)))+`]}`))
		hub := n.Hub(nil, known(must[*auth.JWT](t)(auth.NewJWT(auth.JWTConfig{JWKSFile: file}))))
		token := must[string](t)(jwt.NewWithClaims(jwt.SigningMethodEdDSA, claims(nil)).SignedString(key))
		c := n.Client("a", nil, shows(token))
		n.Connect(c)
		write(t, file, []byte(`{"keys":[]}`))
		time.Sleep(time.Minute)
		if c.Ready() == nil {
			t.Error("the client is still connected")
		}
		refused(t, n, hub, "a", shows(token), qerrors.Unauthenticated)
	})
}
