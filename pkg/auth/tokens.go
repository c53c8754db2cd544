package auth

import (
	"context"
	"time"

	"github.com/voilet/QuicFlow/internal/tokens"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/monitoring"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

// TokensConfig configures Tokens.
type TokensConfig struct {
	// File is the file of tokens, which quic-ctl token edits. Required.
	File string
}

// Tokens knows clients by bearer tokens, each of which is one of a client id, or of all ids
// with a prefix.
type Tokens struct {
	*kept[map[string]tokens.Token]
}

// NewTokens reads the file.
func NewTokens(c TokensConfig) (*Tokens, error) {
	file, err := keep(monitoring.TokensFile, "the tokens of clients", c.parse, c.File)
	if err != nil {
		return nil, err
	}
	return &Tokens{file}, nil
}

func (c TokensConfig) parse(files [][]byte) (*map[string]tokens.Token, error) {
	all, err := tokens.Parse(files[0])
	if err != nil {
		return nil, inFile(c.File, err)
	}
	byID := make(map[string]tokens.Token, len(all))
	for _, t := range all {
		byID[t.ID] = t
	}
	return &byID, nil
}

// Authenticate implements server.Authenticator, for tokens that "quic-ctl token add" made.
func (t *Tokens) Authenticate(_ context.Context, c server.Credentials) (server.Identity, error) {
	id, ours := tokens.ID(tokens.Bearer, c.Token)
	if !ours {
		return server.Identity{}, qerrors.New(qerrors.NoCredential, "there is no token that quic-ctl token add has made")
	}
	known := t.get()
	token, err := find(known, id, c.Token, c.ClientID)
	if err != nil {
		return server.Identity{}, err
	}
	return server.Identity{
		ClientID: c.ClientID, Method: "token", Expires: token.Expires,
		Check: func() error { // when it expires can have changed, too
			switch after, ok := (*t.get())[id]; {
			case !ok || after.Hash != token.Hash || !after.For(c.ClientID):
				return qerrors.New(qerrors.CredentialRevoked, "the token %s was revoked", id)
			case after.Expired(time.Now()):
				return qerrors.New(qerrors.CredentialExpired, "the token %s has expired: make another with quic-ctl token add", id)
			}
			return nil
		},
	}, nil
}

// find returns the token with this secret, if it is good for the client.
func find(known *map[string]tokens.Token, id, secret, clientID string) (tokens.Token, error) {
	token, ok := (*known)[id]
	switch {
	case !ok || !token.Matches(secret):
		return token, qerrors.New(qerrors.Unauthenticated, "the hub does not know the token: it may have been revoked")
	case token.Expired(time.Now()):
		return token, qerrors.New(qerrors.CredentialExpired, "the token %s has expired: make another with quic-ctl token add", id)
	case !token.For(clientID):
		return token, qerrors.New(qerrors.Unauthenticated, "the token %s is not one of this client id", id)
	}
	return token, nil
}
