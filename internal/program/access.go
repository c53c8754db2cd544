package program

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/urfave/cli/v3"

	"github.com/voilet/QuicFlow/internal/bearer"
	"github.com/voilet/QuicFlow/internal/reload"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// AccessFlags are -PREFIX-token-file, -PREFIX-cert and -PREFIX-key, which [NewAccess]
// reads, for the addresses that text names.
func AccessFlags(prefix, text string) []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: prefix + "-token-file", TakesFile: true, Usage: "`FILE` with the hashes of the tokens that callers of " + text +
			" need, read again when it changes; quic-ctl add-caller makes them; needed where other machines can reach it"},
		&cli.StringFlag{Name: prefix + "-cert", TakesFile: true, Usage: "PEM `FILE` with a certificate: " + text + " over TLS; read again when it changes"},
		&cli.StringFlag{Name: prefix + "-key", TakesFile: true, Usage: "PEM `FILE` with its key"},
	}
}

// Access is what callers over HTTP need, and how they are protected.
type Access struct {
	prefix string
	log    *slog.Logger
	tokens *reload.Value[*bearer.Tokens]   // nil: callers need none
	pair   *reload.Value[*tls.Certificate] // nil: no TLS

	watched atomic.Bool
}

// NewAccess reads the files of [AccessFlags].
func NewAccess(cmd *cli.Command, log *slog.Logger, prefix string) (*Access, error) {
	if err := Together(cmd, prefix+"-cert", prefix+"-key"); err != nil {
		return nil, err
	}
	a := &Access{prefix: prefix, log: log}
	var err error
	if path := cmd.String(prefix + "-token-file"); path != "" {
		parse := func(contents [][]byte) (*bearer.Tokens, error) { return bearer.Parse(contents[0]) }
		if a.tokens, err = reload.Load(parse, path); err == nil {
			err = a.tokens.Get().Some()
		}
		if err != nil {
			return nil, a.unusable("token-file", err)
		}
	}
	cert, key := cmd.String(prefix+"-cert"), cmd.String(prefix+"-key")
	if cert == "" && key == "" {
		return a, nil
	}
	parse := func(contents [][]byte) (*tls.Certificate, error) {
		pair, err := tls.X509KeyPair(contents[0], contents[1])
		return &pair, err
	}
	if a.pair, err = reload.Load(parse, cert, key); err != nil {
		return nil, a.unusable("cert and -"+prefix+"-key", err)
	}
	return a, nil
}

func (a *Access) unusable(flag string, err error) error {
	return qerrors.New(qerrors.InvalidConfig, "-%s-%s cannot be used: %w", a.prefix, flag, err)
}

// watch keeps what was read up to date with the files, until ctx ends. One of the servers
// that share it will do.
func (a *Access) watch(ctx context.Context) {
	if a.watched.Swap(true) {
		return
	}
	var wg sync.WaitGroup
	defer wg.Wait()
	if a.tokens != nil {
		wg.Go(func() { a.tokens.Watch(ctx, a.reloaded("token-file")) })
	}
	if a.pair != nil {
		wg.Go(func() { a.pair.Watch(ctx, a.reloaded("cert")) })
	}
}

func (a *Access) reloaded(flag string) func(error) {
	return func(err error) {
		if err != nil {
			err = a.unusable(flag, err)
			a.log.Error("a file stays as it was: what is in it now cannot be used", "code", qerrors.CodeOf(err), "error", err)
			return
		}
		a.log.Info("read again", "file", "-"+a.prefix+"-"+flag)
	}
}

// Tokens returns what gives the tokens that callers need; nil if they need none.
func (a *Access) Tokens() func() *bearer.Tokens {
	if a.tokens == nil {
		return nil
	}
	return a.tokens.Get
}

// Names returns those that the certificate is for.
func (a *Access) Names() []string {
	if a.pair == nil || a.pair.Get().Leaf == nil {
		return nil
	}
	return a.pair.Get().Leaf.DNSNames
}

// config returns how TLS is to be spoken; nil for not at all.
func (a *Access) config() *tls.Config {
	if a.pair == nil {
		return nil
	}
	return &tls.Config{
		MinVersion:     tls.VersionTLS13,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return a.pair.Get(), nil },
	}
}

// check refuses a listener that other machines can reach, and that needs no token.
func (a *Access) check(addr net.Addr, flag, what string) error {
	tcp, ok := addr.(*net.TCPAddr)
	switch {
	case !ok || tcp.IP.IsLoopback():
	case a.tokens == nil:
		return qerrors.New(qerrors.InvalidConfig, "other machines can reach %s on %s, so that callers need a token: "+
			"make one with quic-ctl add-caller -file FILE NAME, and give -%s-token-file FILE; or listen on this machine alone, with -%s 127.0.0.1:%d",
			what, addr, a.prefix, flag, tcp.Port)
	case a.pair == nil:
		a.log.Warn("tokens cross the network in the clear: give "+what+" a certificate, with -"+a.prefix+"-cert and -"+a.prefix+"-key", "addr", addr.String())
	}
	return nil
}

// need lets requests pass whose token has a scope.
func (a *Access) need(scope bearer.Scope, next http.Handler) http.Handler {
	if a.tokens == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who, ok := a.tokens.Get().Caller(r)
		if ok && who.Scope >= scope {
			next.ServeHTTP(w, r)
			return
		}
		w.Header().Set("WWW-Authenticate", bearer.Challenge(ok))
		status := http.StatusUnauthorized
		if ok {
			status = http.StatusForbidden
		}
		http.Error(w, "a token with the scope "+scope.String()+" is needed: send it as Authorization: Bearer TOKEN", status)
	})
}
