package quicnet_test

import (
	"bytes"
	"crypto/tls"
	"os"
	"testing"

	"github.com/quic-go/quic-go"

	"github.com/voilet/QuicFlow/internal/quicnet"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// tickets tells of each ticket that the hub has sent.
type tickets struct {
	tls.ClientSessionCache
	came chan struct{}
}

func (c tickets) Put(key string, state *tls.ClientSessionState) {
	c.ClientSessionCache.Put(key, state)
	if state != nil {
		c.came <- struct{}{}
	}
}

// TestTickets: a session is resumed for as long as the hub's key is the same, also by
// the next process; with another one the handshake begins anew, and shows that.
func TestTickets(t *testing.T) {
	dir, other := create(t), create(t)
	cache := tickets{tls.NewLRUClientSessionCache(1), make(chan struct{}, 100)}
	connect := func(to string) tls.ConnectionState {
		t.Helper()
		conn, err := quic.DialAddr(t.Context(), to, &tls.Config{
			InsecureSkipVerify: true, NextProtos: []string{quicnet.ALPN}, ClientSessionCache: cache,
		}, nil)
		if err != nil {
			t.Fatal(err)
		}
		<-cache.came
		defer func() { _ = conn.CloseWithError(0, "") }()
		return conn.ConnectionState().TLS
	}
	auth := load(t, dir)
	hub, next := serve(t, auth), listen(t, dir)
	first := connect(hub)
	if first.DidResume || !connect(hub).DidResume || !connect(next).DidResume {
		t.Error("a session with the hub is not resumed, there or by the next one")
	}
	for _, file := range []string{"/server.crt", "/server.key"} {
		text, err := os.ReadFile(other + file)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(dir+file, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if changed, err := auth.Reread(); !changed || err != nil {
		t.Fatalf("the new files: %v, %v", changed, err)
	}
	second := connect(hub)
	if second.DidResume || bytes.Equal(second.PeerCertificates[0].Raw, first.PeerCertificates[0].Raw) {
		t.Error("a session of the key before was resumed, or its certificate shown")
	}
	if !connect(hub).DidResume {
		t.Error("a session of the new key is not resumed")
	}
}

// TestTrustOfASocket: clients that share a socket share what was parsed, and not whom
// they trust.
func TestTrustOfASocket(t *testing.T) {
	dir, other := create(t), create(t)
	addr := listen(t, dir)
	pc, err := quicnet.ListenUDP("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	socket := quicnet.NewSocket(pc)
	defer socket.Close()
	for i, test := range []struct {
		ca         string
		load, dial qerrors.Code
	}{
		{dir + "/ca.crt", qerrors.OK, qerrors.OK},
		{dir + "/ca.crt", qerrors.OK, qerrors.OK},
		{other + "/ca.crt", qerrors.OK, qerrors.BadCertificate},
		{dir + "/server.key", qerrors.BadCertificate, 0},
		{other + "/ca.crt", qerrors.OK, qerrors.BadCertificate},
		{dir + "/ca.crt", qerrors.OK, qerrors.OK},
	} {
		auth, err := quicnet.LoadClientAuth(quicnet.ClientFiles{CA: test.ca, Socket: socket})
		if qerrors.CodeOf(err) != test.load {
			t.Fatalf("client %d: %v, want %v", i, err, test.load)
		}
		if err != nil {
			continue
		}
		if _, err := socket.Dial(t.Context(), addr, auth, limits); qerrors.CodeOf(err) != test.dial {
			t.Errorf("client %d: %v, want %v", i, err, test.dial)
		}
	}
}
