package errors_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

func TestErrorText(t *testing.T) {
	for want, err := range map[string]error{
		"timeout":                  qerrors.ErrTimeout,
		"timeout: no answer":       qerrors.New(qerrors.Timeout, "no %s", "answer"),
		"replaced (from the peer)": &qerrors.Error{Code: qerrors.Replaced, Remote: true},
		"queue_full: 5 bytes (the message was not sent)":                                       qerrors.NotSent(qerrors.New(qerrors.QueueFull, "%d bytes", 5)),
		"timeout: late (the message was sent; whether it was handled is unknown)":              qerrors.Unknown(qerrors.New(qerrors.Timeout, "late")),
		"internal: cannot read: EOF":                                                           qerrors.New(qerrors.Internal, "cannot read: %w", io.EOF),
		"code_99 (from the peer): x (the message was sent; whether it was handled is unknown)": qerrors.Unknown(&qerrors.Error{Code: 99, Remote: true, Message: "x"}),
		"invalid_config: 100% of it is wrong":                                                  qerrors.New(qerrors.InvalidConfig, "100%% of it is wrong"),
	} {
		if got := err.Error(); got != want {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	}
}

func TestNewKeepsTheCause(t *testing.T) {
	if err := qerrors.New(qerrors.Internal, "a: %w", io.EOF); err.Unwrap() != io.EOF {
		t.Errorf("the cause is %v, want EOF", err.Unwrap())
	}
	if err := qerrors.New(qerrors.Internal, "a: %v", io.EOF); err.Unwrap() != nil {
		t.Errorf("the cause is %v, want none", err.Unwrap())
	}
}

func TestFrom(t *testing.T) {
	stop := qerrors.New(qerrors.Closed, "stopped")
	wrapped := fmt.Errorf("while waiting: %w", qerrors.NotSent(stop))
	for _, test := range []struct {
		name  string
		cause error
		want  qerrors.Error
	}{
		{"deadline", context.DeadlineExceeded, qerrors.Error{Code: qerrors.Timeout, Message: "the deadline passed", Err: context.DeadlineExceeded}},
		{"cancelled", context.Canceled, qerrors.Error{Code: qerrors.Canceled, Message: "the context was cancelled", Err: context.Canceled}},
		{"nil", nil, qerrors.Error{Code: qerrors.Canceled, Message: "the context was cancelled", Err: context.Canceled}},
		{"foreign", io.EOF, qerrors.Error{Code: qerrors.Internal, Message: "EOF", Err: io.EOF}},
		{"ours", stop, *stop},
		{"wraps ours", wrapped, qerrors.Error{Code: qerrors.Closed, Message: wrapped.Error(), Outcome: qerrors.OutcomeNotSent, Err: wrapped}},
	} {
		if diff := cmp.Diff(test.want, *qerrors.From(test.cause), cmpopts.EquateErrors()); diff != "" {
			t.Errorf("%s: %s", test.name, diff)
		}
	}
	if qerrors.From(stop) != stop {
		t.Error("an Error was copied")
	}
}

// TestFromKeepsTheChain: whoever cancels with a cause of his own finds it
// again.
func TestFromKeepsTheChain(t *testing.T) {
	own := errors.New("the user gave up")
	cause := errors.Join(own, qerrors.ErrTimeout)
	for name, err := range map[string]error{
		"From":    qerrors.From(cause),
		"NotSent": qerrors.NotSent(cause),
		"Unknown": qerrors.Unknown(cause),
	} {
		if !errors.Is(err, own) || !errors.Is(err, qerrors.ErrTimeout) || qerrors.CodeOf(err) != qerrors.Timeout {
			t.Errorf("%s: %v has lost what it was made from", name, err)
		}
	}
}

func TestMarkingCopies(t *testing.T) {
	original := &qerrors.Error{Code: qerrors.Timeout, Message: "late", Remote: true, Err: io.EOF}
	before := *original
	for outcome, mark := range map[qerrors.Outcome]func(error) error{
		qerrors.OutcomeNotSent: qerrors.NotSent,
		qerrors.OutcomeUnknown: qerrors.Unknown,
	} {
		want := before
		want.Outcome = outcome
		marked, ok := mark(original).(*qerrors.Error)
		if !ok || *marked != want {
			t.Errorf("marked: %#v, want %#v", marked, want)
		}
		if *original != before {
			t.Fatalf("the argument became %#v", original)
		}
		if mark(nil) != nil {
			t.Error("nil was marked")
		}
		_ = mark(qerrors.ErrTimeout)
		if errors.Is(qerrors.ErrTimeout, qerrors.ErrNotSent) || errors.Is(qerrors.ErrTimeout, qerrors.ErrOutcomeUnknown) {
			t.Error("a sentinel was changed")
		}
	}
}

func TestCodeOf(t *testing.T) {
	for _, test := range []struct {
		err  error
		want qerrors.Code
	}{
		{nil, qerrors.OK},
		{io.EOF, qerrors.Internal},
		{qerrors.ErrClosed, qerrors.Closed},
		{fmt.Errorf("a: %w", qerrors.ErrClosed), qerrors.Closed},
		{qerrors.New(qerrors.Timeout, "outer: %w", qerrors.ErrClosed), qerrors.Timeout},
		{errors.Join(io.EOF, qerrors.ErrDraining), qerrors.Draining},
	} {
		if got := qerrors.CodeOf(test.err); got != test.want {
			t.Errorf("CodeOf(%v) = %v, want %v", test.err, got, test.want)
		}
	}
}
