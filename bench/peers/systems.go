package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/voilet/QuicFlow/internal/certs"
	"github.com/voilet/QuicFlow/internal/load"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// server is the hub of a system, with the application that counts and answers.
type server interface {
	load.Hub
	Addr() string
	Close() error
}

// dialer is how clients reach it. See [load.Network].
type dialer interface {
	Dial(ctx context.Context, name string) (load.Conn, error)
	Receive(f func(payload []byte))
	Close() error
}

// system is one way to send messages.
type system struct {
	name  string
	works []load.Work // what it can do
	serve func(secure *tls.Config, tally *load.Tally) (server, error)
	open  func(addr string, secure *tls.Config, work load.Work) (dialer, error)
}

func systems() []system {
	all := load.Works()
	return []system{
		{"bare", all, serveBare, openBare},
		{"grpc-stream", all, serveGRPC, openStreams},
		{"grpc-unary", []load.Work{load.Ack, load.Connect, load.Idle}, serveGRPC, openUnary},
		{"nats", all, serveNATS, openNATS},
		{"mqtt", []load.Work{load.Ack, load.OneWay, load.Broadcast, load.Connect, load.Idle}, serveMQTT, openMQTT},
	}
}

func systemNamed(name string) (system, error) {
	var names []string
	for _, s := range systems() {
		if s.name == name {
			return s, nil
		}
		names = append(names, s.name)
	}
	return system{}, qerrors.New(qerrors.InvalidConfig, "no system %q: use one of %s", name, strings.Join(names, ", "))
}

func (s system) can(w load.Work) bool { return slices.Contains(s.works, w) }

// heartbeat is how often a connection shows that it lives, as often as our clients.
const heartbeat = 15 * time.Second

// requestTime is how long an answer may take.
const requestTime = 30 * time.Second

// maxPayload is what all have to accept.
const maxPayload = 2 << 20

var errUnable = errors.New("this system cannot do that")

// serverTLS is what a hub proves itself with: TLS 1.3 and ECDSA, as ours does.
func serverTLS(dir string) (*tls.Config, error) {
	cert, err := tls.LoadX509KeyPair(filepath.Join(dir, certs.ServerCertFile), filepath.Join(dir, certs.ServerKeyFile))
	return &tls.Config{MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{cert}}, err
}

// clientTLS trusts the hub.
func clientTLS(dir string) (*tls.Config, error) {
	pem, err := os.ReadFile(filepath.Join(dir, certs.CACertFile))
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, errors.New("the file of the authority has no certificate")
	}
	return &tls.Config{MinVersion: tls.VersionTLS13, RootCAs: pool, ServerName: "localhost"}, nil
}
