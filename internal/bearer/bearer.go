// Package bearer tells by bearer tokens (RFC 6750) who calls an HTTP server, and what
// the caller may do. A file has the tokens, one on each line, with a name for the log
// and a scope:
//
//	# name      scope  hash of the token
//	prometheus  read   sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
//	deploy      admin  sha256:60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752
//
// It has their hashes, so that who can read the file, or a copy of it, cannot call. A
// token of [New] has 130 bits of chance, which no salt makes harder to guess.
package bearer

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// Scope is what a caller may do.
type Scope int

const (
	Read  Scope = iota // look
	Admin              // send messages, disconnect clients, begin traces
)

// String returns the scope as the file has it.
func (s Scope) String() string { return [...]string{Read: "read", Admin: "admin"}[s] }

// ParseScope returns the scope with this name.
func ParseScope(name string) (Scope, error) {
	for _, s := range []Scope{Read, Admin} {
		if s.String() == name {
			return s, nil
		}
	}
	return 0, errors.New("use read or admin")
}

// Caller is who has a token.
type Caller struct {
	Name  string
	Scope Scope
}

// Tokens are those that are accepted.
type Tokens struct {
	known []known
}

type known struct {
	Caller
	hash [sha256.Size]byte
}

// Parse returns the tokens of a file. Its errors repeat nothing of the file: somebody may
// have put a token there.
func Parse(content []byte) (*Tokens, error) {
	t := &Tokens{}
	lines := bufio.NewScanner(bytes.NewReader(content))
	number := 0
	for lines.Scan() {
		number++
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		k, err := parseLine(line)
		if err != nil {
			return nil, invalid("line %d: %w", number, err)
		}
		t.known = append(t.known, k)
	}
	if lines.Err() != nil {
		return nil, invalid("line %d: %w", number+1, lines.Err())
	}
	return t, nil
}

// Has reports whether a caller has this name.
func (t *Tokens) Has(name string) bool {
	return slices.ContainsFunc(t.known, func(k known) bool { return k.Name == name })
}

// Some returns an error if there are none. A file that the last one was taken out of is
// no mistake while a server runs: nobody may call then.
func (t *Tokens) Some() error {
	if len(t.known) == 0 {
		return invalid("there is no token: make one with quic-ctl add-caller")
	}
	return nil
}

func parseLine(line string) (k known, err error) {
	fields := strings.Fields(line)
	if len(fields) != 3 {
		return k, errors.New("write a name, a scope and the hash of a token")
	}
	if err := CheckName(fields[0]); err != nil {
		return k, err
	}
	if k.Scope, err = ParseScope(fields[1]); err != nil {
		return k, fmt.Errorf("the scope cannot be used: %w", err)
	}
	digits, ok := strings.CutPrefix(fields[2], hashPrefix)
	hash, err := hex.DecodeString(digits)
	if !ok || err != nil || len(hash) != len(k.hash) {
		return k, errors.New("a hash is sha256: and 64 hexadecimal digits; a token itself does not belong here: quic-ctl add-caller makes both")
	}
	k.Name, k.hash = fields[0], [sha256.Size]byte(hash)
	return k, nil
}

// CheckName returns an error unless name can be in a file, and in a log.
func CheckName(name string) error {
	const others = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."
	if name == "" || len(name) > 64 || strings.Trim(name, others) != "" {
		return errors.New("a name has 1 to 64 letters, digits, dots, hyphens and underscores")
	}
	return nil
}

const hashPrefix = "sha256:"

// New returns a token that nobody can guess.
func New() string { return "qbt_" + rand.Text() }

// Line returns the line of a file that makes token accepted.
func Line(c Caller, token string) string {
	hash := sha256.Sum256([]byte(token))
	return c.Name + " " + c.Scope.String() + " " + hashPrefix + hex.EncodeToString(hash[:])
}

// Caller returns who makes a request. All tokens are compared, whichever is the right
// one, and each in constant time.
func (t *Tokens) Caller(r *http.Request) (c Caller, ok bool) {
	scheme, token, found := strings.Cut(r.Header.Get("Authorization"), " ")
	if !found || !strings.EqualFold(scheme, "Bearer") || len(r.Header["Authorization"]) != 1 {
		return Caller{}, false
	}
	hash := sha256.Sum256([]byte(strings.TrimSpace(token)))
	for _, k := range t.known {
		if subtle.ConstantTimeCompare(hash[:], k.hash[:]) == 1 {
			c, ok = k.Caller, true
		}
	}
	return c, ok
}

// Challenge is the header WWW-Authenticate of a refusal.
func Challenge(authenticated bool) string {
	if authenticated {
		return `Bearer realm="quic-backbone", error="insufficient_scope"`
	}
	return `Bearer realm="quic-backbone"`
}

func invalid(format string, args ...any) error {
	return qerrors.New(qerrors.InvalidConfig, "the file of API tokens: "+format, args...)
}
