package auth_test

import (
	"context"
	"crypto/tls"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quic-go/quic-go"

	"github.com/voilet/QuicFlow/internal/testnet"
	"github.com/voilet/QuicFlow/pkg/auth"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/transport/client"
)

// A TLS session that is resumed is one of who it was begun with, and the certificate is
// looked at again. Nothing of a client is taken before the handshake is done.
func TestResumption(t *testing.T) {
	test(t, func(t *testing.T, n *testnet.Network) {
		ca := newAuthority(t)
		mtls := must[*auth.MTLS](t)(auth.NewMTLS(auth.MTLSConfig{CAFile: ca.caFile(), CRLFile: ca.crl()}))
		hub := n.Hub(nil, known(mtls))
		var files client.ClientConfig
		ca.good("a", 1)(&files)
		cert := must[tls.Certificate](t)(tls.LoadX509KeyPair(files.TLSCertFile, files.TLSKeyFile))
		config := &tls.Config{
			InsecureSkipVerify: true, NextProtos: []string{"quic-backbone/1"}, ServerName: "hub",
			Certificates: []tls.Certificate{cert}, ClientSessionCache: tls.NewLRUClientSessionCache(1),
		}
		transport := &quic.Transport{Conn: n.Listen("raw")}
		defer func() { _ = transport.Close() }()
		connect := func(id string, resumed bool) (qerrors.Code, bool) {
			conn, err := transport.DialEarly(t.Context(), addr(t, n), config, &quic.Config{MaxIncomingStreams: -1})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = conn.CloseWithError(0, "") }()
			s := must[*quic.SendStream](t)(conn.OpenUniStream())
			_, _ = s.Write(testnet.Encode(testnet.Hello(id)))
			<-conn.HandshakeComplete()
			time.Sleep(time.Second) // for the welcome, and the ticket
			if state := conn.ConnectionState(); state.TLS.DidResume != resumed || state.Used0RTT {
				t.Errorf("resumed %v, 0-RTT %v", state.TLS.DidResume, state.Used0RTT)
			}
			var e *quic.ApplicationError
			if errors.As(context.Cause(conn.Context()), &e) {
				return qerrors.Code(e.ErrorCode), false
			}
			return 0, true
		}
		if code, ok := connect("a", false); !ok {
			t.Errorf("the first connection is refused with %v", code)
		}
		if code, ok := connect("a", true); !ok {
			t.Errorf("the second connection is refused with %v", code)
		}
		if code, _ := connect("b", true); code != qerrors.Unauthenticated {
			t.Errorf("the session of another: %v", code)
		}
		ca.crl(1)
		if code, _ := connect("a", true); code != qerrors.CredentialRevoked {
			t.Errorf("the session of a revoked certificate: %v", code)
		}
		synctest.Wait()
		if got := hub.GetMetrics().Refused; got[qerrors.Unauthenticated] != 1 || got[qerrors.CredentialRevoked] != 1 {
			t.Errorf("refused %v", got)
		}
	})
}
