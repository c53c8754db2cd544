package testnet

import (
	"context"
	"testing"

	"pgregory.net/rapid"
)

// Rapid returns a test that fails as rt does, in a bubble of [rapid.SyncTest] within t: what
// this package wants there.
func Rapid(t testing.TB, rt *rapid.T) testing.TB { return bubble{t, rt} }

type bubble struct {
	testing.TB
	rapid *rapid.T
}

func (b bubble) Helper()                           { b.rapid.Helper() }
func (b bubble) Cleanup(f func())                  { b.rapid.Cleanup(f) }
func (b bubble) Context() context.Context          { return b.rapid.Context() }
func (b bubble) Error(args ...any)                 { b.rapid.Error(args...) }
func (b bubble) Errorf(format string, args ...any) { b.rapid.Errorf(format, args...) }
func (b bubble) Fatal(args ...any)                 { b.rapid.Fatal(args...) }
func (b bubble) Fatalf(format string, args ...any) { b.rapid.Fatalf(format, args...) }
