package auth_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/voilet/QuicFlow/internal/testnet"
	"github.com/voilet/QuicFlow/pkg/auth"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/monitoring"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

// logging is known, of a hub with a log.
func logging(log *testnet.Log, a ...server.Authenticator) func(*server.ServerConfig) {
	return func(c *server.ServerConfig) { c.Authenticators, c.Logger = a, log.Logger() }
}

// unusable returns the lines about files that cannot be used.
func unusable(log *testnet.Log) (lines []string) {
	for _, line := range log.Take() {
		if strings.Contains(line, "a file stays as it was") {
			lines = append(lines, line)
		}
	}
	return lines
}

// TestBrokenFilesAreNoticed also while no client comes, which would need them: with the file
// and the line, once, and by the metric that there is an alert for.
func TestBrokenFilesAreNoticed(t *testing.T) {
	test(t, func(t *testing.T, n *testnet.Network) {
		ca, dir := newAuthority(t), t.TempDir()
		denied, list, jwks := dir+"/denied", dir+"/tokens.yaml", dir+"/jwks.json"
		write(t, denied, []byte("# nobody\n"))
		write(t, jwks, []byte(`{"keys":[]}`))
		jwt := auth.JWTConfig{KeyFile: ca.caFile(), JWKSFile: jwks}
		add(t, list, "a", "", time.Hour)
		var log testnet.Log
		hub := n.Hub(nil, func(c *server.ServerConfig) {
			logging(&log,
				must[*auth.MTLS](t)(auth.NewMTLS(auth.MTLSConfig{CAFile: ca.caFile(), DeniedFile: denied})),
				must[*auth.Tokens](t)(auth.NewTokens(auth.TokensConfig{File: list})),
				must[*auth.JWT](t)(auth.NewJWT(jwt)))(c)
		})
		type file struct {
			path, broken, want string
			kind               monitoring.File
		}
		files := []file{
			{denied, "# nobody\nclient-001\n", denied + `: line 2: \"client-001\" is no serial number`, monitoring.ClientTrustFile},
			{list, "tokens: []\ngarbage\n", list + ": this is no file of tokens", monitoring.TokensFile},
			{jwks, `{"keys":`, jwks + ": this is no JSON Web Key Set", monitoring.JWTKeysFile},
		}
		for _, f := range files {
			write(t, f.path, []byte(f.broken))
		}
		time.Sleep(time.Minute)
		lines := unusable(&log)
		for _, f := range files {
			about := slices.IndexFunc(lines, func(line string) bool { return strings.Contains(line, f.want) })
			if len(lines) != len(files) || about < 0 || !strings.Contains(lines[about], "file="+f.kind.String()) {
				t.Errorf("%s: the log has %q", f.kind, lines)
			}
			if got, want := hub.GetMetrics().Reloads[f.kind], (monitoring.Reload{Failed: 1, Unusable: true}); got != want {
				t.Errorf("%s: reloads are %+v, want %+v", f.kind, got, want)
			}
		}
		write(t, denied, []byte("id: a\n"))
		hub.Reread()
		for _, f := range files {
			got := hub.GetMetrics().Reloads[f.kind]
			if mended := f.path == denied; got.Unusable == mended || got.Succeeded == 1 != mended {
				t.Errorf("%s: with one of the files mended, reloads are %+v", f.kind, got)
			}
		}
	})
}

// A token that was made a moment ago is good, and that its file has changed is reported.
func TestNewTokenIsGoodAtOnce(t *testing.T) {
	test(t, func(t *testing.T, n *testnet.Network) {
		file := t.TempDir() + "/tokens.yaml"
		add(t, file, "other", "", time.Hour)
		hub := n.Hub(nil, known(must[*auth.Tokens](t)(auth.NewTokens(auth.TokensConfig{File: file}))))
		time.Sleep(time.Minute)
		_, secret := add(t, file, "a", "", time.Hour)
		n.Connect(n.Client("a", nil, shows(secret)))
		refused(t, n, hub, "b", shows(secret), qerrors.Unauthenticated)
		time.Sleep(time.Minute)
		if got, want := hub.GetMetrics().Reloads[monitoring.TokensFile], (monitoring.Reload{Succeeded: 1}); got != want {
			t.Errorf("reloads are %+v, want %+v", got, want)
		}
	})
}
