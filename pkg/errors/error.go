// Package errors has the error type of the backbone, its codes and sentinels.
//
// Every error that a client or server returns is, or wraps, an [*Error]. Ask it
// in one of three ways:
//
//	errors.Is(err, qerrors.ErrUnknownClient)    // what happened
//	errors.Is(err, qerrors.ErrNotSent)          // may I simply send it again?
//	errors.Is(err, context.DeadlineExceeded)    // the standard library's sentinels work too
//
// The package is usually imported under the name qerrors.
package errors

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
)

// Outcome says what is known about a message whose acknowledgement did not come.
type Outcome uint8

const (
	OutcomeNone    Outcome = iota // the error is not about one message
	OutcomeNotSent                // nothing left this side: sending again cannot do it twice
	OutcomeUnknown                // it was handed to the network: the peer may have handled it
)

// Error is what went wrong, in a form that programs and people can read. It is
// never changed after it was returned.
type Error struct {
	Code    Code    // what went wrong
	Message string  // what was wrong and what to do about it
	Outcome Outcome // for errors of a send: whether the message may have been handled
	Remote  bool    // the peer said so; otherwise this side found out by itself
	Err     error   // the cause, if there is one
}

// Sentinels for [errors.Is]. There is one for each code that a caller is likely
// to tell apart; [CodeOf] gives the code of any error.
var (
	ErrNotSent        error = &Error{Outcome: OutcomeNotSent}
	ErrOutcomeUnknown error = &Error{Outcome: OutcomeUnknown}

	ErrInvalidArgument  error = &Error{Code: InvalidArgument}
	ErrPayloadTooLarge  error = &Error{Code: PayloadTooLarge}
	ErrTimeout          error = &Error{Code: Timeout}
	ErrClosed           error = &Error{Code: Closed}
	ErrDraining         error = &Error{Code: Draining}
	ErrNotConnected     error = &Error{Code: NotConnected}
	ErrUnknownClient    error = &Error{Code: UnknownClient}
	ErrConnectionLost   error = &Error{Code: ConnectionLost}
	ErrQueueFull        error = &Error{Code: QueueFull}
	ErrTooManyPromises  error = &Error{Code: TooManyPromises}
	ErrPermissionDenied error = &Error{Code: PermissionDenied}

	ErrInvalidClientID  error = &Error{Code: InvalidClientID}
	ErrTooManyClients   error = &Error{Code: TooManyClients}
	ErrReplaced         error = &Error{Code: Replaced}
	ErrHeartbeatTimeout error = &Error{Code: HeartbeatTimeout}
	ErrDisconnected     error = &Error{Code: Disconnected}

	ErrUnreachable      error = &Error{Code: Unreachable}
	ErrBadCertificate   error = &Error{Code: BadCertificate}
	ErrIncompatible     error = &Error{Code: Incompatible}
	ErrAddressInUse     error = &Error{Code: AddressInUse}
	ErrInvalidConfig    error = &Error{Code: InvalidConfig}
	ErrRetriesExhausted error = &Error{Code: RetriesExhausted}

	ErrUnauthenticated   error = &Error{Code: Unauthenticated}
	ErrNoCredential      error = &Error{Code: NoCredential}
	ErrCredentialRevoked error = &Error{Code: CredentialRevoked}
	ErrCredentialExpired error = &Error{Code: CredentialExpired}
	ErrCredentialUsed    error = &Error{Code: CredentialUsed}
)

// New returns an error with a code and a formatted message. A %w verb in the
// format sets the cause.
func New(code Code, format string, args ...any) *Error {
	wrapped := fmt.Errorf(format, args...)
	return &Error{Code: code, Message: wrapped.Error(), Err: errors.Unwrap(wrapped)}
}

// NotSent marks err as one of a message that never left this side. A nil err
// stays nil.
func NotSent(err error) error { return withOutcome(err, OutcomeNotSent) }

// Unknown marks err as one of a message that was handed to the network, so that
// the peer may have handled it. A nil err stays nil.
func Unknown(err error) error { return withOutcome(err, OutcomeUnknown) }

func withOutcome(err error, outcome Outcome) error {
	if err == nil {
		return nil
	}
	marked := *From(err)
	marked.Outcome = outcome
	if errors.Is(marked.Err, ErrNotSent) || errors.Is(marked.Err, ErrOutcomeUnknown) {
		marked.Err = shield{marked.Err} // about another message, or not yet known
	}
	return &marked
}

// FromContext returns why ctx, a caller's context that has ended, did: Timeout for
// its deadline and Canceled for a cancellation. A cause of the caller's own can be
// found in it, but where that is an Error, about some other message perhaps, its
// code and outcome say nothing here.
func FromContext(ctx context.Context) *Error {
	e := *From(ctx.Err())
	if cause := context.Cause(ctx); cause != ctx.Err() {
		e.Message, e.Err = e.Message+": "+cause.Error(), errors.Join(e.Err, shield{cause})
	}
	return &e
}

// CanceledFor returns a Canceled around a caller's cause, as [FromContext] does. A
// cause that is the error of a context is that of one that ended.
func CanceledFor(cause error) *Error {
	switch cause {
	case nil, context.Canceled, context.DeadlineExceeded:
		return From(cause)
	}
	return &Error{Code: Canceled, Message: "cancelled: " + cause.Error(), Err: shield{cause}}
}

// shield hides the Errors in a chain: what they say is not about the error that
// wraps it.
type shield struct{ err error }

func (s shield) Error() string { return s.err.Error() }

func (s shield) Is(target error) bool {
	_, ours := target.(*Error)
	return !ours && errors.Is(s.err, target)
}

func (s shield) As(target any) bool {
	_, ours := target.(**Error)
	return !ours && errors.As(s.err, target)
}

// From returns err as an Error: itself if it is one; one with the same code if it
// wraps one; Timeout or Canceled for the errors of an ended context; Internal for
// any other. A nil err counts as a cancellation, as for context.CancelCauseFunc.
func From(err error) *Error {
	if err == nil {
		err = context.Canceled
	}
	var e *Error
	switch {
	case errors.As(err, &e):
		if err == error(e) {
			return e
		}
		return &Error{Code: e.Code, Message: err.Error(), Outcome: e.Outcome, Remote: e.Remote, Err: err}
	case errors.Is(err, context.DeadlineExceeded):
		return &Error{Code: Timeout, Message: "the deadline passed", Err: err}
	case errors.Is(err, context.Canceled):
		return &Error{Code: Canceled, Message: "the context was cancelled", Err: err}
	default:
		return &Error{Code: Internal, Message: err.Error(), Err: err}
	}
}

// CodeOf returns the code of the first Error in err's chain, OK for a nil error,
// and Internal for an error that has none.
func CodeOf(err error) Code {
	if err == nil {
		return OK
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return Internal
}

// Error returns the code, the message, what is known of the message's fate, and
// whether the peer said it.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Code.String())
	if e.Remote {
		b.WriteString(" (from the peer)")
	}
	if e.Message != "" {
		b.WriteString(": ")
		b.WriteString(e.Message)
	}
	switch e.Outcome {
	case OutcomeNotSent:
		b.WriteString(" (the message was not sent)")
	case OutcomeUnknown:
		b.WriteString(" (the message was sent; whether it was handled is unknown)")
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is makes the sentinels of this package match by code or by outcome, and the
// standard library's net.ErrClosed, context.DeadlineExceeded and
// context.Canceled match the codes that mean the same.
func (e *Error) Is(target error) bool {
	switch target {
	case net.ErrClosed:
		return e.Code == Closed || e.Code == Draining || e.Code == Replaced
	case context.DeadlineExceeded:
		return e.Code == Timeout
	case context.Canceled:
		return e.Code == Canceled
	}
	t, ok := target.(*Error)
	if !ok || t.Message != "" || t.Err != nil {
		return false
	}
	if t.Code == OK {
		return t.Outcome != OutcomeNone && t.Outcome == e.Outcome
	}
	return t.Code == e.Code
}
