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
// The files that they are made of are read again when they change: within a second where
// a client connects, and within 7 s where none does. One that cannot be used then changes
// nothing. The server logs and counts both. All methods may be called from any goroutine.
// Errors have the codes of package errors.
package auth

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/voilet/QuicFlow/internal/reload"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/monitoring"
)

// lookInterval is how old what is known of a file may be when it is used.
const lookInterval = time.Second

// kept is a value made of files, which the server watches: see [server.Authenticator].
type kept[T any] struct {
	value *reload.Value[*T]
	kind  monitoring.File
	what  string
}

// keep loads the files, which have to be usable. An empty path stands for no file.
func keep[T any](kind monitoring.File, what string, parse func(files [][]byte) (*T, error), paths ...string) (*kept[T], error) {
	k := &kept[T]{kind: kind, what: what}
	value, err := reload.Load(parse, paths...)
	k.value = value
	return k, k.unusable(err)
}

// get returns the present value. While it is the same, so is the pointer.
func (k *kept[T]) get() *T { return k.value.Fresh(lookInterval) }

// Kind returns what is in the files.
func (k *kept[T]) Kind() monitoring.File { return k.kind }

// Watch keeps what the files have up to date until ctx ends, also while no client comes.
// It calls reloaded after each change; with an error, once, when they cannot be used.
func (k *kept[T]) Watch(ctx context.Context, reloaded func(error)) {
	k.value.Watch(ctx, func(err error) { reloaded(k.unusable(err)) })
}

// Reread looks at the files at once, and reports whether they have changed.
func (k *kept[T]) Reread() (changed bool, err error) {
	changed, err = k.value.Reread()
	return changed, k.unusable(err)
}

func (k *kept[T]) unusable(err error) error {
	if err == nil {
		return nil
	}
	return &qerrors.Error{Code: qerrors.InvalidConfig, Message: k.what + " cannot be used: " + text(err), Err: err}
}

// inFile says in which file a mistake is.
func inFile(path string, err error) error {
	if err == nil {
		return nil
	}
	return &qerrors.Error{Code: qerrors.CodeOf(err), Message: path + ": " + text(err), Err: err}
}

// text returns what err says, without its code: it is about to get another.
func text(err error) string {
	if e, ok := err.(*qerrors.Error); ok {
		return e.Message
	}
	return err.Error()
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
