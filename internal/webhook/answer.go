package webhook

import (
	"context"
	"io"
	"net/http"
	"strings"
	"unicode"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// maxExcerpt is how much of the body of a failure its text has, in bytes.
const maxExcerpt = 1 << 10

// answer turns a response into a result or a failure.
func (h *Handler) answer(ctx context.Context, response *http.Response, times string) (*protocol.DataMessage, error) {
	switch status := response.StatusCode; {
	case status >= 300 && status < 400:
		return nil, qerrors.New(qerrors.HandlerFailed,
			"the webhook answered %s: redirects are not followed, give the hub the URL that it leads to", response.Status)
	case status < 200 || status >= 300:
		return nil, qerrors.New(qerrors.HandlerFailed, "the webhook answered %s%s%s", response.Status, times, excerpt(response.Body))
	}
	result, err := io.ReadAll(io.LimitReader(response.Body, int64(h.maxResult)+1))
	switch {
	case ctx.Err() != nil:
		return nil, ended(ctx)
	case err != nil:
		return nil, qerrors.New(qerrors.HandlerFailed, "the answer of the webhook broke off: %w", reason(err))
	case len(result) > h.maxResult:
		return nil, qerrors.New(qerrors.HandlerFailed, "the webhook answered with more than the %d bytes that a result may have", h.maxResult)
	}
	return &protocol.DataMessage{Type: protocol.MessageType_MESSAGE_TYPE_RESPONSE, Payload: result}, nil
}

// excerpt returns the beginning of a body as the end of an error text.
func excerpt(body io.Reader) string {
	start, _ := io.ReadAll(io.LimitReader(body, maxExcerpt+1)) // what there is, is enough
	cut := len(start) > maxExcerpt
	text := strings.ToValidUTF8(string(start[:min(len(start), maxExcerpt)]), "?")
	text = strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text))
	switch {
	case text == "":
		return ""
	case cut:
		return ": " + text + "..."
	default:
		return ": " + text
	}
}
