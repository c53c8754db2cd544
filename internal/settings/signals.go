package settings

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// secondKey is the key of the context that ends at the second signal.
type secondKey struct{}

// SecondSignal returns a context for what [Main]'s program does in order to end
// well: that of its Action has ended by then. It ends at the second SIGINT or
// SIGTERM, with the signal in its cause; for the ctx of another program, never.
func SecondSignal(ctx context.Context) context.Context {
	if second, ok := ctx.Value(secondKey{}).(context.Context); ok {
		return second
	}
	return context.WithoutCancel(ctx)
}

// signaled returns a context that ends at the first signal. After the second, the
// next one does what it does to a program that has no handler for it: it kills.
// stop gives the signals back at once.
func signaled() (ctx context.Context, stop func()) {
	second, endSecond := context.WithCancelCause(context.Background())
	first, endFirst := context.WithCancelCause(context.WithValue(context.Background(), secondKey{}, second))
	signals, stopped := make(chan os.Signal, 2), make(chan struct{})
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		defer signal.Stop(signals)
		for _, step := range []struct {
			end   context.CancelCauseFunc
			words string
		}{{endFirst, "%v signal received"}, {endSecond, "second signal received: %v"}} {
			select {
			case s := <-signals:
				step.end(&signalError{text: fmt.Sprintf(step.words, s), signal: s})
			case <-stopped:
				return
			}
		}
	}()
	return first, func() { close(stopped) }
}

// signalError is the cause of a context that a signal ended.
type signalError struct {
	text   string
	signal os.Signal
}

func (e *signalError) Error() string { return e.text }

// Is makes it a cancellation, as for [signal.NotifyContext].
func (*signalError) Is(target error) bool { return target == context.Canceled }

// Interrupted reports whether err comes from a signal that ended the Action of
// [Main]'s program, and returns the exit code that shells give that: 130 for SIGINT, 143
// for SIGTERM.
func Interrupted(err error) (code int, ok bool) {
	var e *signalError
	if !errors.As(err, &e) {
		return 0, false
	}
	number, ok := e.signal.(syscall.Signal)
	return 128 + int(number), ok
}
