// Package tokens has the secrets that an operator hands out, and the file in which the
// hub finds them again. A token is
//
//	qbt_ID_SECRET
//
// where ID is public: it names the token in lists and logs. The file has a SHA-256 of
// the whole: the secret is 130 random bits, which no dictionary has, so that a hash that is
// made slow on purpose would only cost the hub time.
package tokens

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"strings"
	"time"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// Prefixes of the kinds of tokens, by which scanners for leaked secrets find them too.
const (
	Bearer     = "qbt_" // is shown with each connection
	Enrollment = "qbe_" // is good for one certificate
)

// maxID is the longest id of a token, in bytes.
const maxID = 32

// Token is what is kept of a token.
type Token struct {
	ID      string    `yaml:"id"`
	Client  string    `yaml:"client,omitempty"` // the client id that it is for, or
	Prefix  string    `yaml:"prefix,omitempty"` // what the client ids begin with that it is for
	Hash    string    `yaml:"sha256"`
	Expires time.Time `yaml:"expires,omitempty"` // zero is never
}

// New makes a token. Client or prefix is empty.
func New(kind, client, prefix string, expires time.Time) (Token, string, error) {
	if (client == "") == (prefix == "") {
		return Token{}, "", qerrors.New(qerrors.InvalidConfig, "whose token is it? Give either the id of a client or a prefix of ids")
	}
	id := rand.Text()[:10]
	secret := kind + id + "_" + rand.Text()
	return Token{ID: id, Client: client, Prefix: prefix, Hash: hash(secret), Expires: expires.UTC()}, secret, nil
}

// ID returns the public part of a secret, and whether it looks like one of this kind.
func ID(kind, secret string) (string, bool) {
	rest, ok := strings.CutPrefix(secret, kind)
	if !ok {
		return "", false
	}
	id, _, ok := strings.Cut(rest, "_")
	return id, ok && id != "" && len(id) <= maxID && strings.Trim(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") == "" // and no path
}

// Matches compares in a time that does not depend on the secret.
func (t Token) Matches(secret string) bool {
	return subtle.ConstantTimeCompare([]byte(hash(secret)), []byte(t.Hash)) == 1
}

// For reports whether the token is one of this client.
func (t Token) For(clientID string) bool {
	if t.Client != "" {
		return t.Client == clientID
	}
	return t.Prefix != "" && strings.HasPrefix(clientID, t.Prefix)
}

// Expired reports whether it was good only before now.
func (t Token) Expired(now time.Time) bool { return !t.Expires.IsZero() && !now.Before(t.Expires) }

func (t Token) check() error {
	sum, err := hex.DecodeString(t.Hash)
	switch {
	case t.ID == "":
		return qerrors.New(qerrors.InvalidConfig, "a token has no id")
	case err != nil || len(sum) != sha256.Size:
		return qerrors.New(qerrors.InvalidConfig, "the token %s has no sha256 in hexadecimal digits", t.ID)
	case (t.Client == "") == (t.Prefix == ""):
		return qerrors.New(qerrors.InvalidConfig, "the token %s has to have either a client or a prefix", t.ID)
	}
	return nil
}

func hash(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}
