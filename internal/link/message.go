package link

import (
	"fmt"
	"unicode"
	"unicode/utf8"

	"github.com/voilet/QuicFlow/internal/wire"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

const (
	// Software names this implementation in hello and welcome.
	Software = "quic-backbone-go"
	// MaxIDBytes limits client ids and message ids.
	MaxIDBytes = 128
	// DefaultMaxPayload is the largest payload unless configured.
	DefaultMaxPayload = 1 << 20
	// HighestMaxPayload is the most that can be configured.
	HighestMaxPayload = 64 << 20
)

// The limits on the headers of a message. With the ids they fit wire.Overhead.
const (
	MaxHeaders     = wire.MaxHeaders
	MaxHeaderBytes = 16 << 10
)

// CheckMessage returns an error unless msg can be sent.
func CheckMessage(msg *protocol.DataMessage, maxPayload int) error {
	switch {
	case msg == nil:
		return invalid("the message is nil")
	case msg.Type == protocol.MessageType_MESSAGE_TYPE_UNSPECIFIED:
		return invalid("the message has no type: set Type to MESSAGE_TYPE_COMMAND, EVENT or QUERY")
	case len(msg.MsgId) > MaxIDBytes:
		return invalid("the message id has %d bytes: use at most %d, or leave it empty", len(msg.MsgId), MaxIDBytes)
	case len(msg.Payload) > maxPayload:
		return qerrors.New(qerrors.PayloadTooLarge,
			"a payload of %d bytes is over the limit of %d: split it, or raise MaxPayload (-max-payload) on both sides", len(msg.Payload), maxPayload)
	}
	return checkLimits(msg)
}

// checkLimits returns an error if an id, the ordering key or the headers of a
// message, from either side, are over the limits of the protocol.
func checkLimits(msg *protocol.DataMessage) error {
	if len(msg.SenderId) > MaxIDBytes || len(msg.ReceiverId) > MaxIDBytes || len(msg.OrderingKey) > MaxIDBytes {
		return invalid("sender id, receiver id and ordering key have at most %d bytes each", MaxIDBytes)
	}
	if len(msg.Headers) == 0 {
		return nil
	}
	return checkHeaders(msg.Headers)
}

func checkHeaders(headers map[string]string) error {
	if len(headers) > MaxHeaders {
		return invalid("the message has %d headers: use at most %d", len(headers), MaxHeaders)
	}
	bytes := 0
	for key, value := range headers {
		bytes += len(key) + len(value)
	}
	if bytes > MaxHeaderBytes {
		return invalid("the headers have %d bytes: use at most %d", bytes, MaxHeaderBytes)
	}
	return nil
}

func invalid(format string, args ...any) error {
	return qerrors.New(qerrors.InvalidArgument, format, args...)
}

// CheckClientID returns an error unless id is 1 to 128 bytes of printable UTF-8.
func CheckClientID(id string) error {
	bad := ""
	switch {
	case id == "":
		bad = "is empty"
	case len(id) > MaxIDBytes:
		bad = fmt.Sprintf("has %d bytes", len(id))
	case !utf8.ValidString(id):
		bad = "is not UTF-8"
	}
	for _, r := range id {
		if bad == "" && !unicode.IsPrint(r) {
			bad = fmt.Sprintf("has the unprintable character %q", r)
		}
	}
	if bad == "" {
		return nil
	}
	return qerrors.New(qerrors.InvalidClientID, "the client id %s: use 1 to %d bytes of printable UTF-8", bad, MaxIDBytes)
}
