package client

import (
	"io"
	"os"
	"strings"

	"github.com/voilet/QuicFlow/internal/link"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// maxToken leaves room in a hello for everything else, in bytes.
const maxToken = 8 << 10

// readToken returns the token to show, which may be another one each time. Its errors do
// not repeat it.
func (c *ClientConfig) readToken() (string, error) {
	token := c.Token
	if c.TokenFile != "" {
		file, err := os.Open(c.TokenFile)
		if err != nil {
			return "", qerrors.New(qerrors.InvalidConfig, "the token cannot be read: %w", err)
		}
		defer func() { _ = file.Close() }()
		text, err := io.ReadAll(io.LimitReader(file, maxToken+3)) // and the end of a line
		if err != nil {
			return "", qerrors.New(qerrors.InvalidConfig, "the token cannot be read: %w", err)
		}
		token = strings.TrimSpace(string(text))
		if token == "" {
			return "", qerrors.New(qerrors.InvalidConfig, "there is no token in %s: write one into it", c.TokenFile)
		}
	}
	if len(token) > maxToken || strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", qerrors.New(qerrors.InvalidConfig, "the token is none: it has to be one word of ASCII, of at most %d bytes", maxToken)
	}
	return token, nil
}

// showNewToken shows the hub the token of TokenFile if it is not the one that it has seen
// last, and returns the one that it has seen then.
func (c *Client) showNewToken(l *link.Link, seen string) string {
	if c.config.TokenFile == "" {
		return seen
	}
	token, err := c.config.readToken()
	if err != nil {
		c.link.Log.Warn("the token of this connection is kept", "client_id", c.config.ClientID, "error", err)
		return seen
	}
	if token != seen {
		l.Tell(&protocol.Frame{Kind: &protocol.Frame_Credential{Credential: &protocol.Credential{Token: token}}})
	}
	return token
}

// control acts on the control frames that are about who this client is.
func (c *Client) control(_ *link.Link, kind any) {
	switch kind := kind.(type) {
	case *protocol.Frame_CredentialResult:
		c.tokenShown(kind.CredentialResult)
	case *protocol.Frame_Enrolled:
		c.renewed(kind.Enrolled)
	}
}

func (c *Client) tokenShown(result *protocol.CredentialResult) {
	if code := qerrors.Code(result.Code); code != qerrors.OK {
		c.link.Log.Warn("the hub does not take the new token: the connection lives as long as the one before is good",
			"client_id", c.config.ClientID, "code", code, "reason", result.Reason)
		return
	}
	c.link.Log.Info("the hub has taken the new token", "client_id", c.config.ClientID)
}
