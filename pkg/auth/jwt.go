package auth

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/golang-jwt/jwt/v5"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/monitoring"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

// DefaultAudience is the audience that tokens have to be for, unless one is configured.
const DefaultAudience = "quic-backbone"

// JWTConfig configures JWT.
type JWTConfig struct {
	// KeyFile is a PEM file with public keys, or certificates; JWKSFile a JSON Web Key
	// Set (RFC 7517). One of them, or both. RSA keys have at least 2,048 bits.
	KeyFile  string
	JWKSFile string
	// Audience has to be among those of a token. Default DefaultAudience.
	Audience string
	// Issuer has to be that of a token; empty stands for any.
	Issuer string
	// Algorithms are those of signatures that count. Default all of RS256, RS384, RS512,
	// PS256, PS384, PS512, ES256, ES384, ES512 and EdDSA. Others cannot be used: with none,
	// or with a secret that both sides share, the hub could be deceived about the key.
	Algorithms []string
}

// JWT knows clients by JSON Web Tokens (RFC 7519): sub is the client id, aud is the hub,
// and exp ends the connection.
type JWT struct {
	*kept[keySet]
	parser *jwt.Parser
}

// leeway is how far the clock of who signs may be from that of the hub, in either
// direction.
const leeway = 30 * time.Second

const minRSABits = 2048

// key is one public key, with the name that tokens may call it by.
type key struct {
	id     string
	public crypto.PublicKey
}

type keySet []key

// NewJWT reads the keys.
func NewJWT(c JWTConfig) (*JWT, error) {
	if c.KeyFile == "" && c.JWKSFile == "" {
		return nil, qerrors.New(qerrors.InvalidConfig, "there are no keys for JWTs: give a KeyFile (-jwt-key) or a JWKSFile (-jwt-jwks)")
	}
	possible := []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
	if len(c.Algorithms) == 0 {
		c.Algorithms = possible
	}
	for _, name := range c.Algorithms {
		if !slices.Contains(possible, name) {
			return nil, qerrors.New(qerrors.InvalidConfig, "JWTs cannot be signed with %q: use some of %s", name, strings.Join(possible, ", "))
		}
	}
	if c.Audience == "" {
		c.Audience = DefaultAudience
	}
	keys, err := keep(monitoring.JWTKeysFile, "the keys of JWTs", c.parse, c.KeyFile, c.JWKSFile)
	if err != nil {
		return nil, err
	}
	if len(*keys.get()) == 0 {
		return nil, qerrors.New(qerrors.InvalidConfig, "there is no public key: give one in PEM, or a JSON Web Key Set")
	}
	options := []jwt.ParserOption{
		jwt.WithValidMethods(slices.Clone(c.Algorithms)), jwt.WithExpirationRequired(), jwt.WithAudience(c.Audience),
		jwt.WithLeeway(leeway), jwt.WithStrictDecoding(),
	}
	if c.Issuer != "" {
		options = append(options, jwt.WithIssuer(c.Issuer))
	}
	return &JWT{keys, jwt.NewParser(options...)}, nil
}

// Authenticate implements server.Authenticator, for tokens in the compact form of JWS.
func (j *JWT) Authenticate(_ context.Context, c server.Credentials) (server.Identity, error) {
	if strings.Count(c.Token, ".") != 2 {
		return server.Identity{}, qerrors.New(qerrors.NoCredential, "there is no JWT")
	}
	known := j.get()
	expires, err := j.verify(known, c.Token, c.ClientID)
	if err != nil {
		return server.Identity{}, err
	}
	return server.Identity{
		ClientID: c.ClientID, Method: "jwt", Expires: expires,
		Check: stillGood(j.kept, known, func(now *keySet) error { // its key may not be there any more
			_, err := j.verify(now, c.Token, c.ClientID)
			return err
		}),
	}, nil
}

// verify returns when a token of this client expires.
func (j *JWT) verify(known *keySet, token, clientID string) (time.Time, error) {
	var claims jwt.RegisteredClaims
	_, err := j.parser.ParseWithClaims(token, &claims, known.find)
	switch {
	case err == nil && claims.Subject == clientID:
		return claims.ExpiresAt.Add(leeway), nil
	case err == nil:
		return time.Time{}, qerrors.New(qerrors.Unauthenticated, "the JWT is not one of this client id: its sub is another")
	case errors.Is(err, jwt.ErrTokenExpired), errors.Is(err, jwt.ErrTokenNotValidYet):
		return time.Time{}, qerrors.New(qerrors.CredentialExpired, "the JWT is not valid at this time: show a new one, and compare the clocks")
	case errors.Is(err, jwt.ErrTokenInvalidAudience):
		return time.Time{}, qerrors.New(qerrors.Unauthenticated, "the JWT is for another audience than this hub")
	case errors.Is(err, jwt.ErrTokenInvalidIssuer):
		return time.Time{}, qerrors.New(qerrors.Unauthenticated, "the JWT is of another issuer than this hub trusts")
	case errors.Is(err, jwt.ErrTokenRequiredClaimMissing):
		return time.Time{}, qerrors.New(qerrors.Unauthenticated, "the JWT has no exp or no aud, which this hub wants")
	default: // which may repeat parts of the token
		return time.Time{}, qerrors.New(qerrors.Unauthenticated, "the JWT is not signed by a key, and in a way, that this hub trusts")
	}
}

// find returns the keys that a token may be signed with: that with its name, or all if it
// names none. What kind of key an algorithm takes is checked by the algorithm.
func (s *keySet) find(token *jwt.Token) (any, error) {
	name, _ := token.Header["kid"].(string)
	var set jwt.VerificationKeySet
	for _, k := range *s {
		if (name == "" || k.id == "" || k.id == name) && fits(token.Method, k.public) {
			set.Keys = append(set.Keys, k.public)
		}
	}
	if len(set.Keys) == 0 {
		return nil, errors.New("no key fits")
	}
	return set, nil
}

// fits reports whether a key is of the kind that a method takes.
func fits(method jwt.SigningMethod, public crypto.PublicKey) bool {
	switch m := method.(type) {
	case *jwt.SigningMethodRSA, *jwt.SigningMethodRSAPSS:
		_, ok := public.(*rsa.PublicKey)
		return ok
	case *jwt.SigningMethodECDSA:
		k, ok := public.(*ecdsa.PublicKey)
		return ok && k.Curve.Params().BitSize == m.CurveBits
	case *jwt.SigningMethodEd25519:
		_, ok := public.(ed25519.PublicKey)
		return ok
	default:
		return false
	}
}

// parse reads both files, either of which may be empty.
func (c JWTConfig) parse(files [][]byte) (*keySet, error) {
	inPEM, err := parsePublicKeys(files[0])
	if err != nil {
		return nil, inFile(c.KeyFile, err)
	}
	inSet, emptied, err := parseKeySet(files[1])
	if err != nil {
		return nil, inFile(c.JWKSFile, err)
	}
	all := append(inPEM, inSet...)
	if len(all) == 0 && !emptied {
		return nil, qerrors.New(qerrors.InvalidConfig, "there is no public key: give one in PEM, or a JSON Web Key Set")
	}
	return &all, nil
}

func parsePublicKeys(text []byte) (all keySet, err error) {
	blocks, err := pemBlocks(text)
	if err != nil {
		return nil, err
	}
	for _, block := range blocks {
		public, err := parsePublic(block)
		if err != nil {
			return nil, err
		}
		all = append(all, key{public: public})
	}
	return all, all.check()
}

// parseKeySet also reports whether the set says that it has none, since the last was taken
// out of it.
func parseKeySet(text []byte) (all keySet, emptied bool, err error) {
	if len(text) == 0 {
		return nil, false, nil
	}
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(text, &set); err != nil {
		return nil, false, qerrors.New(qerrors.InvalidConfig, "this is no JSON Web Key Set: %w", err)
	}
	for _, k := range set.Keys {
		if k.Use != "" && k.Use != "sig" {
			continue
		}
		if !k.Valid() || !k.IsPublic() {
			return nil, false, qerrors.New(qerrors.InvalidConfig, "the key %q of the set is not a public one: leave secrets with who signs", k.KeyID)
		}
		all = append(all, key{k.KeyID, k.Key})
	}
	return all, set.Keys != nil, all.check()
}

func (s keySet) check() error {
	for _, k := range s {
		if public, ok := k.public.(*rsa.PublicKey); ok && public.N.BitLen() < minRSABits {
			return qerrors.New(qerrors.InvalidConfig, "an RSA key has %d bits: use one of %d or more", public.N.BitLen(), minRSABits)
		}
	}
	return nil
}

func parsePublic(block *pem.Block) (crypto.PublicKey, error) {
	switch block.Type {
	case "PUBLIC KEY":
		return x509.ParsePKIXPublicKey(block.Bytes)
	case "RSA PUBLIC KEY":
		return x509.ParsePKCS1PublicKey(block.Bytes)
	case "CERTIFICATE":
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		return cert.PublicKey, nil
	default:
		return nil, qerrors.New(qerrors.InvalidConfig, "there is a PEM block %q: give public keys only", block.Type)
	}
}
