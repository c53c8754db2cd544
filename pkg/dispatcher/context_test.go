package dispatcher_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/voilet/QuicFlow/pkg/dispatcher"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

type key struct{}

// inHandler runs f in a handler, with a context derived from base, and returns
// the answer after all that f has started has ended.
func inHandler(t *testing.T, base context.Context, m *protocol.DataMessage, f func(ctx context.Context) error) answer {
	t.Helper()
	d, a := commands(nil, func(ctx context.Context, _ *protocol.DataMessage) (*protocol.DataMessage, error) {
		return nil, f(ctx)
	}), newAnswers()
	if err := d.Submit(context.Background(), base, time.Now(), m, a); err != nil {
		t.Fatal(err)
	}
	got := <-a
	synctest.Wait()
	a.none(t)
	return got
}

// TestContextAtTheTimeout: all that hangs on the handler's context ends when its
// time is up, and what the handler then returns does not come before the answer.
func TestContextAtTheTimeout(t *testing.T) {
	for _, test := range []struct {
		sender uint32
		code   qerrors.Code
		at     time.Duration
	}{{0, qerrors.HandlerTimeout, 30 * time.Second}, {2000, qerrors.DeadlinePassed, 2 * time.Second}} {
		synctest.Test(t, func(t *testing.T) {
			begun := time.Now()
			base := context.WithValue(t.Context(), key{}, "of base")
			var child context.Context
			called := false
			got := inHandler(t, base, within("1", test.sender), func(ctx context.Context) error {
				if at, ok := ctx.Deadline(); !ok || !at.Equal(begun.Add(test.at)) {
					t.Errorf("the deadline is %v (%v), want %v", at.Sub(begun), ok, test.at)
				}
				if ctx.Value(key{}) != "of base" {
					t.Errorf("the value is %v", ctx.Value(key{}))
				}
				if ctx.Err() != nil || context.Cause(ctx) != nil {
					t.Errorf("the context began with %v, %v", ctx.Err(), context.Cause(ctx))
				}
				var cancel context.CancelFunc
				child, cancel = context.WithTimeout(ctx, time.Hour)
				defer cancel()
				context.AfterFunc(ctx, func() { called = true })
				<-child.Done()
				if child.Err() != context.DeadlineExceeded || ctx.Err() != context.DeadlineExceeded || context.Cause(ctx) != context.DeadlineExceeded {
					t.Errorf("the child ended with %v, the context with %v, %v", child.Err(), ctx.Err(), context.Cause(ctx))
				}
				<-ctx.Done()
				if code := dispatcher.FailureCode(child, errors.New("too late")); code != test.code {
					t.Errorf("it will be answered with %v, want %v", code, test.code)
				}
				return ctx.Err()
			})
			if at := time.Since(begun); at != test.at || qerrors.Code(got.Code) != test.code || !called {
				t.Errorf("after %v: %v, AfterFunc called: %v; want %v after %v", at, qerrors.Code(got.Code), called, test.code, test.at)
			}
		})
	}
}

// TestContextWhenBaseEnds: the handler learns that this side stops, and why.
func TestContextWhenBaseEnds(t *testing.T) {
	own := errors.New("the server stops")
	for name, wait := range map[string]func(ctx context.Context){
		"in Done":    func(ctx context.Context) { <-ctx.Done() },
		"with Err":   func(ctx context.Context) { time.Sleep(2 * time.Second) },
		"in a child": func(ctx context.Context) { c, cancel := context.WithCancel(ctx); defer cancel(); <-c.Done() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				base, stop := context.WithCancelCause(t.Context())
				time.AfterFunc(time.Second, func() { stop(own) })
				var kept context.Context
				got := inHandler(t, base, message("1", command), func(ctx context.Context) error {
					kept = ctx
					wait(ctx)
					if ctx.Err() != context.Canceled || context.Cause(ctx) != own {
						t.Errorf("the context ended with %v, cause %v", ctx.Err(), context.Cause(ctx))
					}
					<-ctx.Done()
					return errors.New("interrupted")
				})
				if qerrors.Code(got.Code) != qerrors.HandlerCanceled || got.Error != "interrupted" {
					t.Errorf("the answer is %v, %q", qerrors.Code(got.Code), got.Error)
				}
				if kept.Err() != context.Canceled {
					t.Errorf("the context has %v afterwards", kept.Err())
				}
			})
		})
	}
}

// TestContextKeepsItsWord: what Err has said once it says for ever.
func TestContextKeepsItsWord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		base, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		var kept context.Context
		inHandler(t, base, message("1", command), func(ctx context.Context) error {
			kept = ctx
			time.Sleep(2 * time.Second)
			if ctx.Err() != context.DeadlineExceeded {
				t.Errorf("the context ended with %v", ctx.Err())
			}
			select {
			case <-ctx.Done():
			default:
				t.Error("Err says that the context has ended, and Done does not")
			}
			return nil
		})
		if kept.Err() != context.DeadlineExceeded {
			t.Errorf("after the handler has returned the context has %v", kept.Err())
		}
	})
}

// TestContextAfterwards: a context that outlives its handler has ended, and
// nothing keeps it.
func TestContextAfterwards(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		base := &countingContext{Context: t.Context(), ties: map[*func()]bool{}}
		for _, look := range []bool{false, true} {
			var kept context.Context
			inHandler(t, base, message("1", command), func(ctx context.Context) error {
				kept = ctx
				if look {
					ctx.Done()
					if base.count() != 1 {
						t.Errorf("%d functions wait for the end of base, want 1", base.count())
					}
				}
				return nil
			})
			<-kept.Done()
			if kept.Err() != context.Canceled {
				t.Errorf("the context has %v", kept.Err())
			}
			if base.count() != 0 {
				t.Errorf("%d functions still wait for the end of base", base.count())
			}
		}
	})
}

// countingContext knows who waits for its end, as context.AfterFunc asks for it.
type countingContext struct {
	context.Context
	mu   sync.Mutex
	ties map[*func()]bool
}

// Done is not that of the inner context: package context would go behind AfterFunc
// to that.
func (c *countingContext) Done() <-chan struct{} { return make(chan struct{}) }

func (c *countingContext) AfterFunc(f func()) func() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ties[&f] = true
	return func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		was := c.ties[&f]
		delete(c.ties, &f)
		return was
	}
}

func (c *countingContext) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.ties)
}

// TestContextHasEnded: when Err says so, Done does.
func TestContextHasEnded(t *testing.T) {
	a := newAnswers()
	for range 300 {
		looked, early := make(chan struct{}), false
		d := commands(nil, func(ctx context.Context, _ *protocol.DataMessage) (*protocol.DataMessage, error) {
			done := ctx.Done()
			close(looked)
			for ctx.Err() == nil {
			}
			select {
			case <-done:
			default:
				early = true
			}
			return nil, nil
		})
		task := d.NewTask(context.Background(), time.Now(), message("1", command), nil, a)
		if err := d.Enqueue(context.Background(), task); err != nil {
			t.Fatal(err)
		}
		<-looked
		task.Cancel()
		if <-a; early {
			t.Fatal("Err says that the context has ended, and Done does not")
		}
	}
}
