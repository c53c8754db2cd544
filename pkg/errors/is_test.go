package errors_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// sentinels has every sentinel of a code.
var sentinels = map[qerrors.Code]error{
	qerrors.InvalidArgument:  qerrors.ErrInvalidArgument,
	qerrors.PayloadTooLarge:  qerrors.ErrPayloadTooLarge,
	qerrors.Timeout:          qerrors.ErrTimeout,
	qerrors.Closed:           qerrors.ErrClosed,
	qerrors.Draining:         qerrors.ErrDraining,
	qerrors.NotConnected:     qerrors.ErrNotConnected,
	qerrors.UnknownClient:    qerrors.ErrUnknownClient,
	qerrors.ConnectionLost:   qerrors.ErrConnectionLost,
	qerrors.QueueFull:        qerrors.ErrQueueFull,
	qerrors.TooManyPromises:  qerrors.ErrTooManyPromises,
	qerrors.InvalidClientID:  qerrors.ErrInvalidClientID,
	qerrors.TooManyClients:   qerrors.ErrTooManyClients,
	qerrors.Replaced:         qerrors.ErrReplaced,
	qerrors.HeartbeatTimeout: qerrors.ErrHeartbeatTimeout,
	qerrors.Disconnected:     qerrors.ErrDisconnected,
	qerrors.Unreachable:      qerrors.ErrUnreachable,
	qerrors.BadCertificate:   qerrors.ErrBadCertificate,
	qerrors.Incompatible:     qerrors.ErrIncompatible,
	qerrors.AddressInUse:     qerrors.ErrAddressInUse,
	qerrors.InvalidConfig:    qerrors.ErrInvalidConfig,
	qerrors.RetriesExhausted: qerrors.ErrRetriesExhausted,
}

// TestSentinels: an error of a code is the sentinel of that code, wrapped or not,
// and no other.
func TestSentinels(t *testing.T) {
	for code := range qerrors.Code(qerrors.NumCodes) {
		if !code.Valid() {
			continue
		}
		for _, err := range []error{
			qerrors.New(code, "something"),
			fmt.Errorf("while sending: %w", qerrors.New(code, "something")),
			qerrors.Unknown(qerrors.New(code, "something")),
			qerrors.New(qerrors.Internal, "outer: %w", qerrors.New(code, "inner")),
		} {
			for other, sentinel := range sentinels {
				if got, want := errors.Is(err, sentinel), other == code; got != want {
					t.Errorf("errors.Is(%v, %v) = %v, want %v", err, sentinel, got, want)
				}
			}
		}
	}
}

func TestIsOfTheStandardLibrary(t *testing.T) {
	for _, test := range []struct {
		target error
		codes  []qerrors.Code
	}{
		{net.ErrClosed, []qerrors.Code{qerrors.Closed, qerrors.Draining, qerrors.Replaced}},
		{context.DeadlineExceeded, []qerrors.Code{qerrors.Timeout}},
		{context.Canceled, []qerrors.Code{qerrors.Canceled}},
		{io.EOF, nil},
	} {
		want := map[qerrors.Code]bool{}
		for _, code := range test.codes {
			want[code] = true
		}
		for code := range qerrors.Code(qerrors.NumCodes) {
			err := fmt.Errorf("wrapped: %w", &qerrors.Error{Code: code})
			if got := errors.Is(err, test.target); got != want[code] {
				t.Errorf("errors.Is(an error with code %v, %v) = %v, want %v", code, test.target, got, want[code])
			}
		}
	}
}

func TestOutcome(t *testing.T) {
	timeout := qerrors.New(qerrors.Timeout, "late")
	for _, test := range []struct {
		name             string
		err              error
		notSent, unknown bool
	}{
		{"none", timeout, false, false},
		{"not sent", qerrors.NotSent(timeout), true, false},
		{"unknown", qerrors.Unknown(timeout), false, true},
		{"wrapped", fmt.Errorf("a: %w", qerrors.NotSent(timeout)), true, false},
		{"the last word counts", qerrors.Unknown(qerrors.NotSent(timeout)), false, true},
		{"of a foreign error", qerrors.NotSent(io.EOF), true, false},
	} {
		if got := errors.Is(test.err, qerrors.ErrNotSent); got != test.notSent {
			t.Errorf("%s: is ErrNotSent: %v, want %v", test.name, got, test.notSent)
		}
		if got := errors.Is(test.err, qerrors.ErrOutcomeUnknown); got != test.unknown {
			t.Errorf("%s: is ErrOutcomeUnknown: %v, want %v", test.name, got, test.unknown)
		}
	}
}

// TestIsNotEqual: only what is shaped like a sentinel matches more than itself.
func TestIsNotEqual(t *testing.T) {
	err := qerrors.New(qerrors.Timeout, "late")
	for _, target := range []error{
		qerrors.New(qerrors.Timeout, "late"),
		&qerrors.Error{Code: qerrors.Timeout, Err: io.EOF},
		&qerrors.Error{},
		qerrors.ErrNotSent,
	} {
		if errors.Is(err, target) {
			t.Errorf("errors.Is(%v, %#v)", err, target)
		}
	}
	if !errors.Is(err, err) {
		t.Error("an error is not itself")
	}
}
