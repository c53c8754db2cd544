package server_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/voilet/QuicFlow/internal/certs"
	"github.com/voilet/QuicFlow/internal/testnet"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/monitoring"
	"github.com/voilet/QuicFlow/pkg/transport/client"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

// within is longer than a change of files takes to be noticed.
const within = 10 * time.Second

// copyFile puts the content of one file into the place of another.
func copyFile(t *testing.T, from, to string) {
	t.Helper()
	content, err := os.ReadFile(from)
	if err == nil {
		err = errors.Join(os.WriteFile(to+".new", content, 0o600), os.Rename(to+".new", to))
	}
	if err != nil {
		t.Fatal(err)
	}
}

// another makes certificates of another authority, and returns a function for their paths.
func another(t *testing.T, validity time.Duration) (path func(name string) string) {
	t.Helper()
	dir := t.TempDir()
	if _, err := certs.Create(certs.Options{Dir: dir, Hosts: []string{"10.0.0.1"}, Validity: validity}); err != nil {
		t.Fatal(err)
	}
	return func(name string) string { return filepath.Join(dir, name) }
}

// TestCertificateChanges: new connections see the new certificate, and the old ones
// live on. A pair of which half is written changes nothing.
func TestCertificateChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		var log testnet.Log
		hub := n.Hub(testnet.Echo(), func(c *server.ServerConfig) { c.Logger = log.Logger() })
		own := func(name string) string { return filepath.Join(n.Dir(), name) }
		old := filepath.Join(t.TempDir(), "old-ca.crt")
		copyFile(t, own(certs.CACertFile), old)
		trusting := func(id, ca string) *client.Client {
			return n.Client(id, testnet.Echo(), func(c *client.ClientConfig) { c.TLSCAFile = ca })
		}
		before := trusting("before", old)
		n.Connect(before)
		files := another(t, 0)

		copyFile(t, files(certs.ServerCertFile), own(certs.ServerCertFile))
		time.Sleep(within)
		n.Connect(trusting("during", old))
		want := monitoring.Reload{Failed: 1, Unusable: true}
		if got := hub.GetMetrics().Reloads[monitoring.CertificateFile]; got != want {
			t.Errorf("with half a pair, reloads are %+v, want %+v", got, want)
		}
		if lines := about("the certificate stays as it was", log.Take()); len(lines) != 1 || !strings.Contains(lines[0], "code=bad_certificate") {
			t.Errorf("the log has %q", lines)
		}

		copyFile(t, files(certs.ServerKeyFile), own(certs.ServerKeyFile))
		time.Sleep(within)
		n.Connect(trusting("after", files(certs.CACertFile)))
		if err := trusting("late", old).Connect(n.Addr()); qerrors.CodeOf(err) != qerrors.BadCertificate {
			t.Errorf("the old certificate is shown still: %v", err)
		}
		want = monitoring.Reload{Succeeded: 1, Failed: 1}
		if got := hub.GetMetrics().Reloads[monitoring.CertificateFile]; got != want {
			t.Errorf("after the change, reloads are %+v, want %+v", got, want)
		}
		if lines := about("certificates read again", log.Take()); len(lines) != 1 {
			t.Errorf("the log has %q", lines)
		}
		if _, err := before.SendMessage(t.Context(), testnet.Command("x"), true, 0); err != nil {
			t.Errorf("the connection of before: %v", err)
		}
	})
}

// TestOldSessionsAreNotResumed: tickets that the old key could read are worth nothing
// once there is another.
func TestOldSessionsAreNotResumed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		hub := n.Hub(nil, nil)
		old := filepath.Join(t.TempDir(), "old-ca.crt")
		copyFile(t, filepath.Join(n.Dir(), certs.CACertFile), old)
		c := n.Client("a", nil, func(c *client.ClientConfig) { c.TLSCAFile, c.ReconnectEnabled = old, true })
		n.Connect(c)
		time.Sleep(time.Second) // the ticket comes after the handshake
		files := another(t, 0)
		copyFile(t, files(certs.ServerCertFile), filepath.Join(n.Dir(), certs.ServerCertFile))
		copyFile(t, files(certs.ServerKeyFile), filepath.Join(n.Dir(), certs.ServerKeyFile))
		hub.Reread()
		if err := hub.Disconnect("a", "a test"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if code := qerrors.CodeOf(c.Err()); code != qerrors.BadCertificate {
			t.Errorf("the client, which trusts only the old certificate, ends with %v", c.Err())
		}
	})
}

// TestReread: who knows that the files are complete need not wait.
func TestReread(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		hub := n.Hub(nil, nil)
		files := another(t, 48*time.Hour)
		copyFile(t, files(certs.ServerKeyFile), filepath.Join(n.Dir(), certs.ServerKeyFile))
		hub.Reread()
		before := hub.GetMetrics()
		copyFile(t, files(certs.ServerCertFile), filepath.Join(n.Dir(), certs.ServerCertFile))
		hub.Reread()
		after := hub.GetMetrics()
		if !before.Reloads[monitoring.CertificateFile].Unusable || after.Reloads[monitoring.CertificateFile].Unusable {
			t.Errorf("before: %+v, after: %+v", before.Reloads, after.Reloads)
		}
		if got, most := after.CertificateExpires, time.Now().Add(48*time.Hour); !got.Before(before.CertificateExpires) || got.After(most) {
			t.Errorf("the metric says %v, want %v at most", got, most)
		}
	})
}

// TestClientCertificateChanges: a client trusts and shows what its files have by the
// time that it connects, and its metric follows while it is connected.
func TestClientCertificateChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		hub := n.Hub(testnet.Echo(), nil)
		own := func(name string) string { return filepath.Join(n.Dir(), name) }
		c := n.Client("a", testnet.Echo(), func(c *client.ClientConfig) {
			c.ReconnectEnabled = true
			c.TLSCertFile, c.TLSKeyFile = own(certs.ClientCertFile), own(certs.ClientKeyFile)
		})
		n.Connect(c)
		files := another(t, 48*time.Hour)
		for _, name := range []string{certs.ClientCertFile, certs.ClientKeyFile, certs.CACertFile, certs.ServerCertFile, certs.ServerKeyFile} {
			copyFile(t, files(name), own(name))
		}
		time.Sleep(within)
		if got, most := c.GetMetrics().CertificateExpires, time.Now().Add(48*time.Hour); got.After(most) {
			t.Errorf("the client's metric says %v, want %v at most", got, most)
		}
		sessions := hub.GetMetrics().Connections
		if err := hub.Disconnect("a", "a test"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if got := hub.GetMetrics().Connections; got != sessions+1 || c.Err() != nil {
			t.Errorf("%d sessions, want %d: %v", got, sessions+1, c.Err())
		}
	})
}
