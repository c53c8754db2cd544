// Package auth has the ways in which a hub can know its clients, each a
// [server.Authenticator]:
//
//	mtls, err := auth.NewMTLS(auth.MTLSConfig{CAFile: "certs/client-ca.crt"})
//	tokens, err := auth.NewTokens(auth.TokensConfig{File: "tokens.yaml"})
//	...
//	srv, err := server.NewServer(&server.ServerConfig{
//		Authenticators: []server.Authenticator{mtls, tokens},
//		...
//	})
//
// The files that they are made of are read again, within a second of their being needed,
// when they change. One that cannot be used then changes nothing, and is logged. All
// methods may be called from any goroutine. Errors have the codes of package errors.
package auth

import (
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/voilet/QuicFlow/internal/reload"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// lookInterval is how old what is known of a file may be when it is used.
const lookInterval = time.Second

// kept is a value made of files. It has no goroutine: it looks at them when it is used.
type kept[T any] struct {
	value *reload.Value[*T]
	what  string
	log   *slog.Logger

	mu     sync.Mutex
	looked time.Time
	failed string
}

// keep loads the files, which have to be usable. An empty path stands for no file.
func keep[T any](what string, log *slog.Logger, parse func(files [][]byte) (*T, error), paths ...string) (*kept[T], error) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	value, err := reload.Load(parse, paths...)
	if err != nil {
		return nil, qerrors.New(qerrors.InvalidConfig, "%s cannot be used: %w", what, err)
	}
	return &kept[T]{value: value, what: what, log: log, looked: time.Now()}, nil
}

// get returns the present value. While it is the same, so is the pointer.
func (k *kept[T]) get() *T {
	if k.mu.TryLock() { // who comes while another looks takes what there is
		defer k.mu.Unlock()
		if now := time.Now(); now.Sub(k.looked) >= lookInterval {
			k.looked = now
			k.look()
		}
	}
	return k.value.Get()
}

func (k *kept[T]) look() {
	changed, err := k.value.Reread()
	switch {
	case err != nil && err.Error() != k.failed:
		k.failed = err.Error()
		k.log.Error("a file has changed and cannot be used: what it had before stays in force", "file", k.what, "error", err)
	case err != nil:
	case changed, k.failed != "":
		k.failed = ""
		k.log.Info("a file has changed and was read again", "file", k.what)
	}
}

// stillGood returns an Identity.Check that calls check only when the value is another than
// at the time before. A renewal may ask besides the regular check.
func stillGood[T any](k *kept[T], known *T, check func(*T) error) func() error {
	used := new(atomic.Pointer[T])
	used.Store(known)
	return func() error {
		now := k.get()
		if now == used.Load() {
			return nil
		}
		err := check(now)
		if err == nil {
			used.Store(now)
		}
		return err
	}
}
