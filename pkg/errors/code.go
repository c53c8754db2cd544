package errors

import (
	"fmt"
	"log/slog"
)

// Code says what went wrong. One numbering serves everything: the code field of
// an acknowledgement, the application error code of a QUIC connection that is
// closed (RFC 9000, section 20.2), and, through [Code.String], the reason label
// of a metric and the code key of a log line. Numbers are part of the wire
// protocol: they are never given a second meaning.
type Code uint32

// Codes from 0x00 concern one message on its way out.
const (
	OK              Code = 0x00 // nothing went wrong; a connection closed with it ended in order
	Internal        Code = 0x01 // a fault of this software
	InvalidArgument Code = 0x02 // the caller passed something unusable
	PayloadTooLarge Code = 0x03 // the payload is over the limit of this side or of the peer
	Canceled        Code = 0x04 // the caller's context was cancelled
	Timeout         Code = 0x05 // no acknowledgement within the time the caller gave
	Closed          Code = 0x06 // this client or server was closed
	Draining        Code = 0x07 // the connection is being closed and takes no new messages
	NotConnected    Code = 0x08 // there is no connection to send on
	UnknownClient   Code = 0x09 // no client with this id is connected
	ConnectionLost  Code = 0x0a // the connection ended before the acknowledgement came
	QueueFull       Code = 0x0b // the outgoing queue of this connection is full
	TooManyPromises Code = 0x0c // MaxPromises acknowledgements are already awaited
	TooManyRequests Code = 0x0e // the hub's HTTP API has as many large bodies, or readers of events, as it takes at once
)

// Codes from 0x10 are given by the side that handles a message.
const (
	NoHandler       Code = 0x10 // no handler is registered for the type of the message
	HandlerFailed   Code = 0x11 // the handler returned an error
	HandlerPanic    Code = 0x12 // the handler panicked
	HandlerTimeout  Code = 0x13 // the handler did not finish within its timeout
	DeadlinePassed  Code = 0x14 // the sender's timeout passed before the handler finished
	HandlerCanceled Code = 0x15 // the handling side stopped, or the sender called the message off, before the handler finished
	Forgotten       Code = 0x16 // the message was sent again, and the receiver no longer knows whether it has handled it

	PermissionDenied Code = 0x17 // the hub does not allow the client to send this message, or to receive it
)

// Codes from 0x20 end a connection.
const (
	ProtocolViolation Code = 0x20 // the peer sent what the protocol does not allow
	FrameTooLarge     Code = 0x21 // the peer announced a frame over the limit
	HelloTimeout      Code = 0x22 // the peer connected and did not say hello in time
	InvalidClientID   Code = 0x23 // the client id of the hello is not acceptable
	TooManyClients    Code = 0x24 // the hub has MaxClients sessions
	Replaced          Code = 0x25 // another connection with the same client id took over
	HeartbeatTimeout  Code = 0x26 // the peer stayed silent for too many heartbeat checks
	IdleTimeout       Code = 0x27 // nothing arrived within the idle timeout of the connection
	Disconnected      Code = 0x28 // the hub's operator disconnected the client
	PeerRestarted     Code = 0x29 // the peer no longer knows the connection (stateless reset)
	TransportFailed   Code = 0x2a // QUIC itself gave the connection up
)

// Codes from 0x30 keep a connection or a listener from coming to be.
const (
	Unreachable      Code = 0x30 // the hub did not answer
	BadCertificate   Code = 0x31 // a certificate is missing, unreadable or not trusted
	Incompatible     Code = 0x32 // the peer speaks another protocol or version
	AddressInUse     Code = 0x33 // another process listens on this address
	BadAddress       Code = 0x34 // the address cannot be parsed or resolved
	InvalidConfig    Code = 0x35 // a configuration field has an unusable value
	RetriesExhausted Code = 0x36 // the configured number of reconnects was used up
)

// Codes from 0x38 say why a client is not taken for who it says it is, or not any more.
const (
	Unauthenticated   Code = 0x38 // the client's credential is not valid, or not one of its client id
	NoCredential      Code = 0x39 // the client has shown no credential of a kind that the hub takes
	CredentialRevoked Code = 0x3a // the client's credential was revoked
	CredentialExpired Code = 0x3b // the client's credential is not valid any more, or not yet
	CredentialUsed    Code = 0x3c // the enrolment token was used before
)

// NumCodes is one more than the largest number a Code may have, now or later: an
// array of this size can be indexed with any code that [Code.Valid] accepts.
const NumCodes = 0x40

// Valid reports whether this version knows the code.
func (c Code) Valid() bool { return c < NumCodes && names[c] != "" }

// String returns the code's name in snake case, stable enough to be a metric
// label. A code of a newer peer is "code_" and its number.
func (c Code) String() string {
	if c.Valid() {
		return names[c]
	}
	return fmt.Sprintf("code_%d", uint32(c))
}

// LogValue makes logs of every format show the name.
func (c Code) LogValue() slog.Value { return slog.StringValue(c.String()) }

// MarshalText returns the name, which is what encoding/json makes of a code and of a
// key that is one.
func (c Code) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// ParseCode returns the code with this name, and whether there is one.
func ParseCode(name string) (Code, bool) {
	for code := range Code(NumCodes) {
		if code.Valid() && code.String() == name {
			return code, true
		}
	}
	return Internal, false
}

var names = [NumCodes]string{
	OK:              "ok",
	Internal:        "internal",
	InvalidArgument: "invalid_argument",
	PayloadTooLarge: "payload_too_large",
	Canceled:        "canceled",
	Timeout:         "timeout",
	Closed:          "closed",
	Draining:        "draining",
	NotConnected:    "not_connected",
	UnknownClient:   "unknown_client",
	ConnectionLost:  "connection_lost",
	QueueFull:       "queue_full",
	TooManyPromises: "too_many_promises",
	TooManyRequests: "too_many_requests",

	NoHandler:       "no_handler",
	HandlerFailed:   "handler_failed",
	HandlerPanic:    "handler_panic",
	HandlerTimeout:  "handler_timeout",
	DeadlinePassed:  "deadline_passed",
	HandlerCanceled: "handler_canceled",
	Forgotten:       "forgotten",

	PermissionDenied: "permission_denied",

	ProtocolViolation: "protocol_violation",
	FrameTooLarge:     "frame_too_large",
	HelloTimeout:      "hello_timeout",
	InvalidClientID:   "invalid_client_id",
	TooManyClients:    "too_many_clients",
	Replaced:          "replaced",
	HeartbeatTimeout:  "heartbeat_timeout",
	IdleTimeout:       "idle_timeout",
	Disconnected:      "disconnected",
	PeerRestarted:     "peer_restarted",
	TransportFailed:   "transport_failed",

	Unreachable:      "unreachable",
	BadCertificate:   "bad_certificate",
	Incompatible:     "incompatible",
	AddressInUse:     "address_in_use",
	BadAddress:       "bad_address",
	InvalidConfig:    "invalid_config",
	RetriesExhausted: "retries_exhausted",

	Unauthenticated:   "unauthenticated",
	NoCredential:      "no_credential",
	CredentialRevoked: "credential_revoked",
	CredentialExpired: "credential_expired",
	CredentialUsed:    "credential_used",
}
