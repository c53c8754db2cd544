package httpapi

import (
	"encoding/base64"
	"encoding/json"

	"github.com/go-json-experiment/json/jsontext"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// Content is the payload of a message, in one of two forms or empty.
type Content struct {
	Payload json.RawMessage `json:"payload,omitempty" example:"\"restart\"" doc:"A string stands for its UTF-8 bytes; any other JSON value but null is sent as the JSON text that it is. Without it, and without payload_base64, the payload is empty: a message may well be nothing but its type and headers."`
	// Not a []byte, which huma would match with a regular expression: that takes
	// seconds for the largest ones.
	PayloadBase64 string `json:"payload_base64,omitempty" format:"byte" doc:"Bytes in base64 (RFC 4648, section 4), in place of payload."`
}

// NewContent returns the content whose payload these bytes are: text where that is
// possible, and not much longer.
func NewContent(payload []byte) Content {
	text, err := jsontext.AppendQuote(nil, payload)
	if err != nil || len(text) > 2*len(payload)+2 {
		return Content{PayloadBase64: base64.StdEncoding.EncodeToString(payload)}
	}
	return Content{Payload: text}
}

// take returns what is to be sent, and keeps nothing of it.
func (c *Content) take() ([]byte, error) {
	raw, encoded := c.Payload, c.PayloadBase64
	*c = Content{}
	switch {
	case len(raw) == 0 || string(raw) == "null":
		bytes, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil {
			return nil, qerrors.New(qerrors.InvalidArgument, "payload_base64: %w", err)
		}
		return bytes, nil
	case encoded != "":
		return nil, qerrors.New(qerrors.InvalidArgument, "there are a payload and a payload_base64: use one of them")
	case raw[0] != '"':
		return raw, nil
	}
	text, err := jsontext.AppendUnquote(nil, raw)
	if err != nil {
		return nil, qerrors.New(qerrors.InvalidArgument, "payload: %w", err)
	}
	return text, nil
}
