package auth_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/voilet/QuicFlow/internal/testnet"
	"github.com/voilet/QuicFlow/pkg/auth"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/transport/client"
)

func TestCertificates(t *testing.T) {
	test(t, func(t *testing.T, n *testnet.Network) {
		ca, other := newAuthority(t), newAuthority(t)
		mtls := must[*auth.MTLS](t)(auth.NewMTLS(auth.MTLSConfig{CAFile: ca.caFile(), CRLFile: ca.crl(7)}))
		hub := n.Hub(testnet.Echo(), known(mtls))
		now := time.Now()

		n.Connect(n.Client("a", nil, ca.good("a", 1)), n.Client("ä/b %", nil, ca.good("ä/b %", 2)))
		refused(t, n, hub, "a", nil, qerrors.NoCredential)
		refused(t, n, hub, "a", other.good("a", 1), qerrors.Unauthenticated)
		refused(t, n, hub, "a", ca.good("b", 3), qerrors.Unauthenticated)
		refused(t, n, hub, "a", ca.issue("a", 4, now.Add(-2*time.Hour), now.Add(-time.Hour)), qerrors.CredentialExpired)
		refused(t, n, hub, "a", ca.issue("a", 5, now.Add(time.Hour), now.Add(2*time.Hour)), qerrors.CredentialExpired)
		refused(t, n, hub, "a", ca.good("a", 7), qerrors.CredentialRevoked)
		refused(t, n, hub, "a", func(c *client.ClientConfig) { // one of a server
			c.TLSCertFile, c.TLSKeyFile = n.Dir()+"/server.crt", n.Dir()+"/server.key"
		}, qerrors.Unauthenticated)
		if got := hub.GetMetrics(); len(got.Disconnected) > 0 {
			t.Errorf("refusals have ended sessions: %v", got.Disconnected)
		}
	})
}

func TestPlaceOfTheClientID(t *testing.T) {
	ca := newAuthority(t)
	for place, want := range map[string]qerrors.Code{
		auth.FromURI: qerrors.OK, auth.FromDNS: qerrors.OK, auth.FromCommonName: qerrors.OK, "": qerrors.OK, "ou": qerrors.InvalidConfig,
	} {
		mtls, err := auth.NewMTLS(auth.MTLSConfig{CAFile: ca.caFile(), ClientIDFrom: place})
		if qerrors.CodeOf(err) != want {
			t.Errorf("%q: %v", place, err)
		}
		if err == nil {
			n := testnet.Loopback(t)
			n.Hub(nil, known(mtls))
			n.Connect(n.Client("a", nil, ca.good("a", 1)))
		}
	}
}

// A client that is connected is closed when it is revoked, and is not let in again, also
// by the TLS session that it had.
func TestRevokedWhileConnected(t *testing.T) {
	for name, revoke := range map[string]func(ca *authority, denied string){
		"by list":   func(ca *authority, _ string) { ca.crl(1) },
		"by serial": func(ca *authority, denied string) { write(ca.t, denied, []byte("# stolen\nserial=01\n")) },
		"by id":     func(ca *authority, denied string) { write(ca.t, denied, []byte("id: a\n")) },
	} {
		t.Run(name, func(t *testing.T) {
			test(t, func(t *testing.T, n *testnet.Network) {
				ca, denied := newAuthority(t), t.TempDir()+"/denied"
				write(t, denied, nil)
				mtls := must[*auth.MTLS](t)(auth.NewMTLS(auth.MTLSConfig{CAFile: ca.caFile(), CRLFile: ca.crl(), DeniedFile: denied}))
				hub := n.Hub(testnet.Echo(), known(mtls))
				a := n.Client("a", nil, func(c *client.ClientConfig) {
					ca.good("a", 1)(c)
					c.ReconnectEnabled, c.InitialBackoff, c.MaxRetries = true, time.Millisecond, 3
				})
				b := n.Client("b", nil, ca.good("b", 2))
				n.Connect(a, b)
				revoke(ca, denied)
				ended(t, a, qerrors.RetriesExhausted) // which resume its TLS session
				synctest.Wait()
				got := hub.GetMetrics()
				if got.Disconnected[qerrors.CredentialRevoked] != 1 || got.Refused[qerrors.CredentialRevoked] != 3 {
					t.Errorf("disconnected %v, refused %v", got.Disconnected, got.Refused)
				}
				if err := b.Ready(); err != nil {
					t.Errorf("the other client: %v", err)
				}
			})
		})
	}
}

// A file that cannot be used leaves what it had before in force.
func TestBrokenRevocationList(t *testing.T) {
	test(t, func(t *testing.T, n *testnet.Network) {
		ca := newAuthority(t)
		crl := ca.crl(1)
		var log testnet.Log
		mtls := must[*auth.MTLS](t)(auth.NewMTLS(auth.MTLSConfig{CAFile: ca.caFile(), CRLFile: crl, Logger: log.Logger()}))
		write(t, crl, []byte("nonsense"))
		hub := n.Hub(nil, known(mtls))
		good := n.Client("b", nil, ca.good("b", 2))
		n.Connect(good)
		time.Sleep(time.Minute)
		if lines := log.Take(); good.Ready() != nil || len(lines) != 1 || !strings.Contains(lines[0], "stays in force") {
			t.Errorf("the other client: %v; the log has %q, want one line", good.Ready(), lines)
		}
		refused(t, n, hub, "a", ca.good("a", 1), qerrors.CredentialRevoked)
		other := newAuthority(t)
		if _, err := auth.NewMTLS(auth.MTLSConfig{CAFile: ca.caFile(), CRLFile: other.crl(1)}); qerrors.CodeOf(err) != qerrors.InvalidConfig {
			t.Errorf("a list of another authority: %v", err)
		}
	})
}

// Who has no credential of a client cannot take its place.
func TestTakeoverNeedsTheCredential(t *testing.T) {
	test(t, func(t *testing.T, n *testnet.Network) {
		ca := newAuthority(t)
		mtls := must[*auth.MTLS](t)(auth.NewMTLS(auth.MTLSConfig{CAFile: ca.caFile()}))
		hub := n.Hub(testnet.Echo(), known(mtls))
		first := n.Client("a", testnet.Echo(), ca.good("a", 1))
		n.Connect(first)
		refused(t, n, hub, "a", ca.good("b", 2), qerrors.Unauthenticated)
		refused(t, n, hub, "a", nil, qerrors.NoCredential)
		if ack, err := hub.SendMessage(t.Context(), "a", testnet.Command("x"), true, 0); err != nil || string(ack.Result) != "x" {
			t.Errorf("the one that is connected answers %v, %v", ack, err)
		}
		n.Connect(n.Client("elsewhere", testnet.Echo(), as("a", ca.good("a", 3)))) // its own new certificate
		ended(t, first, qerrors.Replaced)
	})
}
