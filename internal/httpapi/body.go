package httpapi

import (
	"encoding/base64"
	"encoding/json"
	"time"
	"unicode/utf8"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

const (
	// maxBody has room for the largest payload that a hub can be configured for,
	// 64 MiB, in base64. The hub's own limit is applied to the payload.
	maxBody = 90 << 20
	// bodyTimeout is how long a caller may take to send the body: for the largest one
	// a link of 6 Mbit/s will do.
	bodyTimeout = 2 * time.Minute
)

// Content is the payload of a message, in one of two forms or empty.
type Content struct {
	Payload json.RawMessage `json:"payload,omitempty" example:"\"restart\"" doc:"A string stands for its UTF-8 bytes; any other JSON value but null is sent as the JSON text that it is. Without it, and without payload_base64, the payload is empty: a message may well be nothing but its type and headers."`
	// Not a []byte, which huma would match with a regular expression: that takes
	// seconds for the largest ones.
	PayloadBase64 string `json:"payload_base64,omitempty" format:"byte" doc:"Bytes in base64 (RFC 4648, section 4), in place of payload."`
}

// NewContent returns the content whose payload these bytes are.
func NewContent(payload []byte) Content {
	if !utf8.Valid(payload) {
		return Content{PayloadBase64: base64.StdEncoding.EncodeToString(payload)}
	}
	text, _ := json.Marshal(string(payload)) // a string can always be encoded
	return Content{Payload: text}
}

// bytes returns what is to be sent.
func (c *Content) bytes() ([]byte, error) {
	raw := c.Payload
	switch {
	case len(raw) == 0 || string(raw) == "null":
		decoded, err := base64.StdEncoding.DecodeString(c.PayloadBase64)
		if err != nil {
			return nil, qerrors.New(qerrors.InvalidArgument, "payload_base64: %w", err)
		}
		return decoded, nil
	case c.PayloadBase64 != "":
		return nil, qerrors.New(qerrors.InvalidArgument, "there are a payload and a payload_base64: use one of them")
	case !utf8.Valid(raw): // package json would put something else in its place
		return nil, qerrors.New(qerrors.InvalidArgument, "payload is not UTF-8, which JSON has to be: for bytes use payload_base64")
	case raw[0] != '"':
		return raw, nil
	}
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return nil, qerrors.New(qerrors.InvalidArgument, "payload: %w", err)
	}
	return []byte(text), nil
}
