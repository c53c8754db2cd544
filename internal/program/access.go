package program

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"sync"

	"github.com/urfave/cli/v3"

	"github.com/voilet/QuicFlow/internal/bearer"
	"github.com/voilet/QuicFlow/internal/reload"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/monitoring"
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
	files  []accessFile                    // what these are made of
}

// accessFile is a file, or a pair, that is read again when it changes.
type accessFile struct {
	value reload.Files
	kind  monitoring.File
	named string // by the flags
}

// NewAccess reads the files of [AccessFlags].
func NewAccess(cmd *cli.Command, log *slog.Logger, prefix string) (*Access, error) {
	if err := Together(cmd, prefix+"-cert", prefix+"-key"); err != nil {
		return nil, err
	}
	a := &Access{prefix: prefix, log: log}
	if path := cmd.String(prefix + "-token-file"); path != "" {
		named := "-" + prefix + "-token-file " + path
		tokens, err := reload.Load(func(files [][]byte) (*bearer.Tokens, error) { return bearer.Parse(files[0]) }, path)
		if err == nil {
			err = tokens.Get().Some()
		}
		if err != nil {
			return nil, unusable(named, err)
		}
		a.tokens, a.files = tokens, append(a.files, accessFile{tokens, monitoring.APITokensFile, named})
	}
	if cert, key := cmd.String(prefix+"-cert"), cmd.String(prefix+"-key"); cert != "" {
		named := "-" + prefix + "-cert " + cert + " and -" + prefix + "-key " + key
		pair, err := reload.Load(parsePair, cert, key)
		if err != nil {
			return nil, unusable(named, err)
		}
		a.pair, a.files = pair, append(a.files, accessFile{pair, monitoring.APICertificateFile, named})
	}
	return a, nil
}

func parsePair(files [][]byte) (*tls.Certificate, error) {
	pair, err := tls.X509KeyPair(files[0], files[1])
	return &pair, err
}

func unusable(named string, err error) error {
	return qerrors.New(qerrors.InvalidConfig, "%s cannot be used: %w", named, err)
}

// Watch keeps what was read up to date with the files, until ctx ends. It logs and counts
// what becomes of changes.
func (a *Access) Watch(ctx context.Context, counted *monitoring.Reloads) {
	var wg sync.WaitGroup
	for _, f := range a.files {
		wg.Go(func() { f.value.Watch(ctx, func(err error) { a.reloaded(f, counted, true, err) }) })
	}
	wg.Wait()
}

// Reread looks at the files at once.
func (a *Access) Reread(counted *monitoring.Reloads) {
	for _, f := range a.files {
		changed, err := f.value.Reread()
		a.reloaded(f, counted, changed, err)
	}
}

func (a *Access) reloaded(f accessFile, counted *monitoring.Reloads, changed bool, err error) {
	if err != nil {
		err = unusable(f.named, err)
	}
	counted.Report(a.log, f.kind, changed, err)
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
