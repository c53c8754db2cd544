package auth_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/voilet/QuicFlow/internal/testnet"
	"github.com/voilet/QuicFlow/internal/tokens"
	"github.com/voilet/QuicFlow/pkg/auth"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/transport/client"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

// add makes a token in a file, and returns it.
func add(t *testing.T, file, clientID, prefix string, ttl time.Duration) (id, secret string) {
	t.Helper()
	token, secret, err := tokens.New(tokens.Bearer, clientID, prefix, time.Now().Add(ttl))
	if err == nil {
		err = tokens.Edit(file, func(all []tokens.Token) ([]tokens.Token, error) { return append(all, token), nil })
	}
	if err != nil {
		t.Fatal(err)
	}
	return token.ID, secret
}

func shows(token string) func(*client.ClientConfig) {
	return func(c *client.ClientConfig) { c.Token = token }
}

func TestTokens(t *testing.T) {
	test(t, func(t *testing.T, n *testnet.Network) {
		file := t.TempDir() + "/tokens.yaml"
		_, a := add(t, file, "a", "", time.Hour)
		id, edge := add(t, file, "", "edge-", time.Hour)
		_, old := add(t, file, "a", "", time.Second)
		known := known(must[*auth.Tokens](t)(auth.NewTokens(auth.TokensConfig{File: file})))
		hub := n.Hub(testnet.Echo(), known)
		one, other := n.Client("a", nil, shows(a)), n.Client("edge-1", nil, shows(edge))
		n.Connect(one, other)
		time.Sleep(2 * time.Second)
		refused(t, n, hub, "a", nil, qerrors.NoCredential)
		refused(t, n, hub, "a", shows("guessed"), qerrors.NoCredential)
		refused(t, n, hub, "b", shows(a), qerrors.Unauthenticated)
		refused(t, n, hub, "a", shows(edge), qerrors.Unauthenticated)
		refused(t, n, hub, "a", shows(a+"x"), qerrors.Unauthenticated)
		refused(t, n, hub, "edge-2", shows(tokens.Bearer+id+"_GUESSED"), qerrors.Unauthenticated)
		refused(t, n, hub, "a", shows(old), qerrors.CredentialExpired)

		revoke := func(all []tokens.Token) (left []tokens.Token, _ error) {
			for _, token := range all {
				if token.ID != id {
					left = append(left, token)
				}
			}
			return left, nil
		}
		if err := tokens.Edit(file, revoke); err != nil {
			t.Fatal(err)
		}
		ended(t, other, qerrors.CredentialRevoked)
		refused(t, n, hub, "edge-1", shows(edge), qerrors.Unauthenticated)
		if err := one.Ready(); err != nil {
			t.Errorf("the other client: %v", err)
		}
		ended(t, one, qerrors.CredentialExpired)
	})
}

// A token in a file is read at each connect.
func TestTokenFileOfTheClient(t *testing.T) {
	test(t, func(t *testing.T, n *testnet.Network) {
		dir := t.TempDir()
		first, secret := add(t, dir+"/tokens.yaml", "a", "", time.Hour)
		n.Hub(testnet.Echo(), known(must[*auth.Tokens](t)(auth.NewTokens(auth.TokensConfig{File: dir + "/tokens.yaml"}))))
		write(t, dir+"/token", []byte(secret+"\n"))
		c := n.Client("a", nil, func(c *client.ClientConfig) {
			c.TokenFile, c.ReconnectEnabled, c.HeartbeatCheckInterval = dir+"/token", true, time.Hour
		})
		n.Connect(c)
		_, secret = add(t, dir+"/tokens.yaml", "a", "", 2*time.Hour)
		write(t, dir+"/token", []byte(secret))
		err := tokens.Edit(dir+"/tokens.yaml", func(all []tokens.Token) ([]tokens.Token, error) {
			if all[0].ID != first {
				t.Errorf("the first token is %s", all[0].ID)
			}
			return all[1:], nil
		})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if got := c.GetMetrics(); c.Ready() != nil || got.Connections != 2 || got.Disconnected[qerrors.CredentialRevoked] != 1 {
			t.Errorf("with the new token: %v, %d connections, disconnected %v", c.Ready(), got.Connections, got.Disconnected)
		}
	})
}

// When a token is made to expire sooner, that goes for who is connected as well.
func TestTokenExpiresSooner(t *testing.T) {
	test(t, func(t *testing.T, n *testnet.Network) {
		file := t.TempDir() + "/tokens.yaml"
		id, a := add(t, file, "a", "", 24*time.Hour)
		n.Hub(nil, known(must[*auth.Tokens](t)(auth.NewTokens(auth.TokensConfig{File: file}))))
		c := n.Client("a", nil, shows(a))
		n.Connect(c)
		err := tokens.Edit(file, func(all []tokens.Token) ([]tokens.Token, error) {
			if all[0].ID == id {
				all[0].Expires = time.Now().Add(time.Minute)
			}
			return all, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Minute)
		if c.Ready() == nil {
			t.Error("the client is still connected, a minute after its token has expired")
		}
	})
}

// What is asked about one credential may be asked from several goroutines: a renewal does,
// besides the regular check.
func TestChecksAtOnce(t *testing.T) {
	file := t.TempDir() + "/tokens.yaml"
	_, a := add(t, file, "a", "", time.Hour)
	known := must[*auth.Tokens](t)(auth.NewTokens(auth.TokensConfig{File: file}))
	id := must[server.Identity](t)(known.Authenticate(t.Context(), server.Credentials{ClientID: "a", Token: a}))
	add(t, file, "b", "", time.Hour)
	time.Sleep(1100 * time.Millisecond)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 100 {
				if err := id.Check(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
}

// A client that has shown something is not told that it has to.
func TestCredentialOfAnotherKind(t *testing.T) {
	test(t, func(t *testing.T, n *testnet.Network) {
		file := t.TempDir() + "/tokens.yaml"
		_, token := add(t, file, "a", "", time.Hour)
		n.Hub(nil, known(must[*auth.Tokens](t)(auth.NewTokens(auth.TokensConfig{File: file}))))
		for want, show := range map[string]func(*client.ClientConfig){
			"give the client a certificate and its key (-cert, -key), or a token (-token-file)": nil,
			"the client's token is not of a kind that this hub takes":                           shows("bogus"),
			"or a part of it is missing":                                                        shows(token[:len(tokens.Bearer)+3]),
			"this hub takes no certificates of clients":                                         newAuthority(t).good("a", 1),
		} {
			err := n.Client("a", nil, show).Connect(n.Addr())
			if qerrors.CodeOf(err) != qerrors.NoCredential || !strings.Contains(err.Error(), want) {
				t.Errorf("want %q: %v", want, err)
			}
		}
	})
}
